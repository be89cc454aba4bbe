import { ShownInteger, ShownMetadata, ShownUuid } from '../../platform/http/answers.js';
import { problem, type Problem } from '../../platform/errors.js';
import { EXAMPLE_ID } from '../../platform/http/docs.js';
import {
  EnumField,
  type FieldOptions,
  IntegerField,
  MetadataField,
  ObjectField,
  UuidField,
} from '../../platform/http/fields.js';
import { ChosenIdField, ExternalIdField, ObjectDto } from '../../platform/http/objects.dto.js';
import { type HasRules, StrictBody } from '../../platform/http/validation.pipe.js';
import { type Overflow, OVERFLOWS } from '../../seats/overflow.js';
import { InlineCustomer } from '../customers/customers.dto.js';
import { InlineProduct } from '../products/products.dto.js';
import type { Metadata } from './metadata.js';

/* What requests and answers of subscriptions and of orders have in common. */

// A pool's numbers are 32 bits wide, and their sums must be so as well.
const MAX_SEATS = 1_000_000_000;

const PRODUCT = 'What was bought.';
const CUSTOMER = 'Who bought it.';
const CHECKOUT = 'The checkout that it came from.';

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

/** What becomes of seats that are too many. */
function OverflowField(options: Partial<FieldOptions> = {}) {
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

abstract class PurchaseBody {
  @ChosenIdField()
  id?: string;

  @ExternalIdField()
  external_id?: string;

  @UuidField({ description: CHECKOUT })
  checkout_id?: string;

  @SeatsField({ required: true })
  seats: number;

  @MetadataField()
  metadata?: Metadata;
}

/** Body of a POST. */
export abstract class CreatePurchase extends PurchaseBody {
  @UuidField({ required: true, description: PRODUCT })
  product_id: string;

  @UuidField({ required: true, description: CUSTOMER })
  customer_id: string;
}

/** Body of a PUT: the product and the customer are each named by their id, or given inline. */
export abstract class PutPurchase extends PurchaseBody implements HasRules {
  @UuidField({ description: `${PRODUCT} This or product.` })
  product_id?: string;

  @ObjectField(() => InlineProduct, { description: `${PRODUCT} This or product_id.` })
  product?: InlineProduct;

  @UuidField({ description: `${CUSTOMER} This or customer.` })
  customer_id?: string;

  @ObjectField(() => InlineCustomer, { description: `${CUSTOMER} This or customer_id.` })
  customer?: InlineCustomer;

  @OverflowField()
  on_overflow?: Overflow;

  problem(): Problem | undefined {
    return this.oneWay('product') ?? this.oneWay('customer');
  }

  private oneWay(name: 'product' | 'customer'): Problem | undefined {
    if ((this[name] === undefined) !== (this[`${name}_id`] === undefined)) return undefined;
    return problem('value_error', `Exactly one of ${name} and ${name}_id must be given`);
  }
}

/** Body of a PATCH. */
export abstract class UpdatePurchase extends StrictBody {
  @ExternalIdField({ nullable: true })
  external_id?: string | null;

  @SeatsField({ refuseNull: true })
  seats?: number;

  @MetadataField({ nullable: true })
  metadata?: Metadata | null;

  @OverflowField({ refuseNull: true })
  on_overflow?: Overflow;
}

/** A purchase as the API shows it. */
export abstract class PurchaseDto extends ObjectDto {
  @ShownUuid(PRODUCT)
  product_id: string;

  @ShownUuid(CUSTOMER)
  customer_id: string;

  @ShownUuid(CHECKOUT, { nullable: true })
  checkout_id: string | null;

  @ShownInteger('How many seats were bought.', { example: 5 })
  seats: number;

  @ShownInteger('How many of them are pending or claimed.', { example: 3 })
  assigned_seats: number;

  @ShownInteger('How many are left.', { example: 2 })
  available_seats: number;

  @ShownMetadata()
  metadata: Metadata;

  /** The keys of `row` that are shown; it has others. */
  protected static shown(row: PurchaseDto): PurchaseDto {
    return {
      id: row.id,
      created_at: row.created_at,
      modified_at: row.modified_at,
      external_id: row.external_id,
      product_id: row.product_id,
      customer_id: row.customer_id,
      checkout_id: row.checkout_id,
      seats: row.seats,
      assigned_seats: row.assigned_seats,
      available_seats: row.available_seats,
      metadata: row.metadata,
    };
  }
}
