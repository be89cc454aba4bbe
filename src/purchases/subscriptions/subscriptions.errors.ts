import { defineError } from '../../platform/errors.js';

export const AlreadyCanceledSubscription = defineError(
  403,
  'AlreadyCanceledSubscription',
  'This subscription has ended and can no longer be changed.',
);
