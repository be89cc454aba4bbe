import { defineError } from '../platform/errors.js';

export const SlugTaken = defineError(
  409,
  'Conflict',
  'Another organization already has this slug. Choose a different one.',
);
