import { defineError } from '../../platform/errors.js';

export const AlreadyCanceledSubscription = defineError(
  403,
  'AlreadyCanceledSubscription',
  'This subscription has ended and can no longer be changed. Create a new one.',
  {
    cause:
      'A change of a subscription that has ended. The end is final, and its seats are revoked.',
    remedy: 'Create a new subscription, with another external id if it has one.',
  },
);
