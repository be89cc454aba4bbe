import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { problem, type Problem } from '../../platform/errors.js';
import { EXAMPLE_ID } from '../../platform/http/docs.js';
import { EnumField, type FieldOptions, IntegerField } from '../../platform/http/fields.js';
import { OVERFLOWS } from '../../seats/overflow.js';

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

/** What becomes of seats that are too many. */
export function OverflowField(options: Partial<FieldOptions> = {}) {
  return EnumField(OVERFLOWS, {
    description:
      'What to do when `seats` falls below the assigned ones. reject: 400, nothing is changed. ' +
      'keep: all stay seated, and nobody new is seated until it fits. revoke_pending and ' +
      'revoke_newest: just enough seats are revoked in the same step, the newest first, only ' +
      'pending ones or any; 400 if there are not enough pending ones. Only for this request.',
    default: 'reject',
    ...options,
  });
}

/** Bodies of a PUT. */
export const PUT_EXAMPLES = {
  'With the product and the customer': {
    product: { external_id: 'pro', name: 'Pro plan' },
    customer: { external_id: 'crm-4711', email: 'ada@example.com', name: 'Analytical Engines Ltd' },
    seats: 5,
  },
  'Of a product and a customer that are there': {
    product_id: EXAMPLE_ID,
    customer_id: EXAMPLE_ID,
    seats: 5,
    on_overflow: 'revoke_newest',
  },
};

/** What and whom a PUT names, each by its id or inline. */
export interface Parties {
  product?: object;
  product_id?: string;
  customer?: object;
  customer_id?: string;
}

/** The rule that each of the two is named in exactly one way. */
export function partiesProblem(body: Parties): Problem | undefined {
  const oneWay = (name: 'product' | 'customer') =>
    (body[name] === undefined) === (body[`${name}_id`] === undefined)
      ? problem('value_error', `Exactly one of ${name} and ${name}_id must be given`)
      : undefined;
  return oneWay('product') ?? oneWay('customer');
}
