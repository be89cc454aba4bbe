import { defineError } from '../platform/errors.js';

export const SlugTaken = defineError(
  409,
  'Conflict',
  'Another organization already has this slug. Choose a different one.',
  {
    cause: 'The `slug` of an organization is unique in the whole service, and another one has it.',
    remedy: 'Choose another slug.',
  },
);
