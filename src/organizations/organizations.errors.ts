import { defineError } from '../platform/errors.js';

export const SlugTaken = defineError(
  409,
  'Conflict',
  'Another organization has this slug already. Choose another one.',
);
