import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { type FieldOptions, IntegerField } from '../../platform/http/fields.js';

// A pool's numbers are 32 bits wide, and their sums must be so as well.
const MAX_SEATS = 1_000_000_000;

/** How many seats are bought. */
export function SeatsField(options: Partial<FieldOptions> = {}) {
  return IntegerField({
    description: 'How many seats are bought.',
    example: 5,
    ...options,
    min: 1,
    max: MAX_SEATS,
  });
}

/** A key of an answer that counts seats. */
export function ShownSeats(description: string, example: number) {
  return applyDecorators(ApiProperty({ type: 'integer', description, example }));
}
