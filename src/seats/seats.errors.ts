import { defineError } from '../platform/errors.js';

export const SeatNotAvailable = defineError(
  400,
  'SeatNotAvailable',
  'All 5 seats of this subscription are taken.',
);
export const SeatAlreadyAssigned = defineError(
  400,
  'SeatAlreadyAssigned',
  'This person already holds a seat of this subscription.',
);
export const SeatNotPending = defineError(
  400,
  'SeatNotPending',
  'Only the invitation of a pending seat can be sent again; this seat is claimed.',
);
export const SeatAlreadyRevoked = defineError(400, 'SeatAlreadyRevoked', 'This seat was revoked.');
export const SeatsAlreadyAssigned = defineError(
  400,
  'SeatsAlreadyAssigned',
  'The number of seats cannot be reduced to 5: 7 are assigned.',
);
export const InvalidInvitationToken = defineError(
  400,
  'InvalidInvitationToken',
  'This invitation is unknown, expired, used or revoked.',
);
export const MemberEmailMismatch = defineError(
  400,
  'MemberEmailMismatch',
  'A member with this external_member_id has another e-mail.',
);
export const InvalidSeatAssignmentRequest = defineError(
  400,
  'InvalidSeatAssignmentRequest',
  'The customer does not exist, or has no e-mail.',
);
export const FeatureNotEnabled = defineError(
  403,
  'FeatureNotEnabled',
  'This organization has switched seats off.',
);
export const BulkAssignmentFailed = defineError(
  400,
  'BulkAssignmentFailed',
  '1 of 3 assignments failed, so nothing was changed.',
);
