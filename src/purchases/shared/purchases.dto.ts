import {
  IntegerProperty,
  MetadataProperty,
  UuidProperty,
} from '../../platform/http/response-properties.js';
import { problem, type Problem } from '../../platform/errors.js';
import { EXAMPLE } from '../../platform/http/examples.js';
import {
  EnumField,
  type FieldOptions,
  IntegerField,
  MetadataField,
  ObjectField,
  UuidField,
} from '../../platform/http/request-fields.js';
import { ChosenIdField, ExternalIdField, ObjectDto } from '../../platform/http/objects.dto.js';
import { type HasRules, StrictBody } from '../../platform/http/validation.pipe.js';
import { type Overflow, OVERFLOWS } from '../../seats/pool/pool.rules.js';
import { InlineCustomer } from '../customers/customers.dto.js';
import { InlineProduct } from '../products/products.dto.js';
import type { Metadata, StoredMetadata } from './metadata.js';

/* The fields that subscriptions and orders share. */

// The columns are 32-bit integers, and sums of them must not overflow either.
const MAX_SEATS = 1_000_000_000;

const PRODUCT = 'The product that was bought.';
const CUSTOMER = 'The customer who bought it.';
const CHECKOUT = 'The checkout that it came from.';

/** The number of seats of a purchase. */
export function SeatsField(options: Partial<FieldOptions> = {}) {
  return IntegerField({
    description: 'The number of seats that are bought.',
    example: 5,
    ...options,
    min: 1,
    max: MAX_SEATS,
  });
}

/** How to reduce `seats` below the number of assigned seats. */
function OverflowField(options: Partial<FieldOptions> = {}) {
  return EnumField(OVERFLOWS, {
    description:
      'The action when `seats` is below the assigned seats; for this request only. reject: 400, ' +
      'nothing is changed. keep: all seats stay, and no seat can be assigned until one is free. ' +
      'revoke_pending and revoke_newest: just enough seats are revoked in the same transaction, the ' +
      'newest first, only pending ones or any; 400 if there are too few pending ones.',
    default: 'reject',
    ...options,
  });
}

/** Example bodies of a PUT. */
export const PUT_EXAMPLES = {
  'With the product and the customer': {
    product: { external_id: 'pro', name: 'Pro plan' },
    customer: {
      external_id: 'crm-4712',
      email: 'accounts@example.com',
      name: 'Difference Engines Ltd',
    },
    seats: 5,
  },
  'With the ids of a product and a customer': {
    product_id: EXAMPLE.product,
    customer_id: EXAMPLE.customer,
    seats: 5,
    on_overflow: 'revoke_newest',
  },
};

/** The example body of a PATCH. */
export const UPDATE_EXAMPLES = {
  'More seats': { seats: 120, metadata: { team: 'engineering' } },
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
  @UuidField({ description: `${PRODUCT} Give either this or \`product\`.` })
  product_id?: string;

  @ObjectField(() => InlineProduct, {
    description: `${PRODUCT} Give either this or \`product_id\`.`,
  })
  product?: InlineProduct;

  @UuidField({ description: `${CUSTOMER} Give either this or \`customer\`.` })
  customer_id?: string;

  @ObjectField(() => InlineCustomer, {
    description: `${CUSTOMER} Give either this or \`customer_id\`.`,
  })
  customer?: InlineCustomer;

  @OverflowField()
  on_overflow?: Overflow;

  problem(): Problem | undefined {
    return this.exactlyOne('product') ?? this.exactlyOne('customer');
  }

  private exactlyOne(name: 'product' | 'customer'): Problem | undefined {
    if ((this[name] === undefined) !== (this[`${name}_id`] === undefined)) return undefined;
    return problem('value_error', `Send exactly one of ${name} and ${name}_id.`);
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
  @UuidProperty(PRODUCT)
  product_id: string;

  @UuidProperty(CUSTOMER)
  customer_id: string;

  @UuidProperty(CHECKOUT, { nullable: true })
  checkout_id: string | null;

  @IntegerProperty('The number of seats that were bought.', { example: 5 })
  seats: number;

  @IntegerProperty('The number of pending and claimed seats.', { example: 3 })
  assigned_seats: number;

  @IntegerProperty('The number of seats that can still be assigned.', { example: 2 })
  available_seats: number;

  @MetadataProperty()
  metadata: StoredMetadata;

  /** The shared properties of the response, without the other columns of `row`. */
  protected static common(row: PurchaseDto): PurchaseDto {
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
