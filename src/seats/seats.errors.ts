import { defineError } from '../platform/errors.js';

export const SeatNotAvailable = defineError(
  400,
  'SeatNotAvailable',
  'All 5 seats of this subscription are taken. Revoke a seat or buy more seats.',
  {
    cause:
      'The pool is full, or its subscription or order cannot give seats in its current status ' +
      '(order: pending, refunded or void; subscription: canceled, unpaid or incomplete).',
    remedy:
      'Revoke a seat, raise `seats` of the purchase, or bring the purchase into a status that gives ' +
      'seats.',
  },
);
export const SeatAlreadyAssigned = defineError(
  400,
  'SeatAlreadyAssigned',
  'This person already holds a seat of this subscription.',
  {
    cause: 'The person has a pending or claimed seat of the same subscription or order.',
    remedy:
      'Nothing needs to be done. With `if_assigned=return`, the response is the existing seat ' +
      'instead of this error.',
  },
);
export const SeatNotPending = defineError(
  400,
  'SeatNotPending',
  'Only the invitation of a pending seat can be sent again; this seat is claimed.',
  {
    cause: 'The seat of the invitation is claimed or revoked.',
    remedy: 'A claimed seat needs no invitation. Assign a new seat in place of a revoked one.',
  },
);
export const SeatAlreadyRevoked = defineError(
  400,
  'SeatAlreadyRevoked',
  'This seat was revoked, and a revoked seat cannot be changed. Assign a new seat instead.',
  {
    cause: 'The seat to replace or to change is revoked, which is final.',
    remedy: 'Assign a new seat of the same subscription or order.',
  },
);
export const SeatsAlreadyAssigned = defineError(
  400,
  'SeatsAlreadyAssigned',
  'The number of seats cannot be reduced to 5: 7 are assigned. Revoke seats first, or send on_overflow.',
  {
    cause: 'The request would give a purchase fewer seats than are assigned.',
    remedy:
      'Revoke seats first, or send `on_overflow`: `keep` keeps everyone, `revoke_pending` and ' +
      '`revoke_newest` revoke as many seats as necessary.',
  },
);
export const InvalidInvitationToken = defineError(
  400,
  'InvalidInvitationToken',
  'This invitation is unknown, expired, used or revoked.',
  {
    cause:
      'The token of the invitation does not open a seat any more, or never did. The reasons look ' +
      'alike, so that a guess does not show which tokens exist.',
    remedy: 'Resend the invitation of the seat. The new mail has a new link.',
  },
);
export const MemberEmailMismatch = defineError(
  400,
  'MemberEmailMismatch',
  'The member with this external_member_id has another e-mail. Leave email out, or change the member.',
  {
    cause: 'The request names a member by `external_member_id` together with another `email`.',
    remedy: 'Leave `email` out, or change the e-mail of the member first.',
  },
);
export const InvalidSeatAssignmentRequest = defineError(
  400,
  'InvalidSeatAssignmentRequest',
  'The customer does not exist, or has no e-mail. Name the person by email instead.',
  {
    cause:
      'The recipient is named by `customer_id` or `external_customer_id`, and that customer does ' +
      'not exist or has no e-mail.',
    remedy: 'Name the person by `email`, or give the customer an e-mail first.',
  },
);
export const FeatureNotEnabled = defineError(
  403,
  'FeatureNotEnabled',
  'This organization has switched seats off. Switch them on with seats_enabled in its settings.',
  {
    cause: 'The setting `seats_enabled` of the organization is false.',
    remedy: 'Set it to true with `PATCH /v1/organization`.',
  },
);
export const BulkAssignmentFailed = defineError(
  400,
  'BulkAssignmentFailed',
  'Nothing was changed, because 1 of 3 assignments failed: see failed.',
  {
    cause: 'A bulk assignment with `mode: atomic` has an item that cannot be assigned.',
    remedy: 'Correct the items that `failed` names by their index, or use `mode: partial`.',
  },
);
