import { defineError } from '../../platform/errors.js';

export const AlreadyCanceledSubscription = defineError(
  403,
  'AlreadyCanceledSubscription',
  'This subscription has ended and cannot be changed any more.',
);
