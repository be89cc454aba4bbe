import {
  EnumProperty,
  MetadataProperty,
  TextProperty,
  EmailProperty,
  UuidProperty,
} from '../../platform/http/response-properties.js';
import {
  EmailField,
  EnumField,
  MetadataField,
  NameField,
  TextField,
} from '../../platform/http/request-fields.js';
import { ChosenIdField, ExternalIdField, ObjectDto } from '../../platform/http/objects.dto.js';
import { PageOf } from '../../platform/http/pagination.js';
import { StrictBody } from '../../platform/http/validation.pipe.js';
import type { Metadata, StoredMetadata } from '../shared/metadata.js';
import { CUSTOMER_TYPES, type CustomerType } from './customer.js';
import type { CustomerRow } from './customers.repository.js';
import { EXAMPLE } from '../../platform/http/examples.js';
import { BodyExamples } from '../../platform/http/openapi.decorators.js';

const EMAIL =
  'Unique in the organization, regardless of case; 409 if it is taken. The customer has an owner, ' +
  'a member with the same e-mail. Changing the e-mail of the customer also changes that of the owner.';
const NAME = { description: 'The name of the customer.', example: 'Analytical Engines Ltd' };
const TYPE = 'A single person or a team.';

/** Body of POST /v1/customers. */
export class CreateCustomer {
  @ChosenIdField()
  id?: string;

  @EmailField({ description: EMAIL, example: 'billing@example.com' })
  email?: string;

  @NameField(NAME)
  name?: string;

  @ExternalIdField()
  external_id?: string;

  @EnumField(CUSTOMER_TYPES, { description: TYPE, default: 'individual' })
  type?: CustomerType;

  @MetadataField()
  metadata?: Metadata;
}

/** Body of PATCH /v1/customers/{id}. */
@BodyExamples({
  'Name and metadata': { name: 'Example Ltd', metadata: { team: 'engineering' } },
})
export class UpdateCustomer extends StrictBody {
  @EmailField({ nullable: true, description: EMAIL })
  email?: string | null;

  @NameField({ nullable: true, ...NAME })
  name?: string | null;

  @ExternalIdField({ nullable: true })
  external_id?: string | null;

  @EnumField(CUSTOMER_TYPES, { refuseNull: true, description: TYPE })
  type?: CustomerType;

  @MetadataField({ nullable: true })
  metadata?: Metadata | null;
}

/** A customer in the body of a purchase: created, or changed, by its external_id. */
export class InlineCustomer {
  @TextField({
    required: true,
    description:
      'Your own id for the customer. A customer that does not exist, or was deleted, is created. An ' +
      'existing customer with this e-mail and no external_id is given this external_id.',
    example: 'crm-4711',
  })
  external_id: string;

  @EmailField({ description: EMAIL })
  email?: string;

  @NameField(NAME)
  name?: string;
}

/** A customer as the API shows it. */
export class CustomerDto extends ObjectDto {
  @UuidProperty('The id of the customer.', { example: EXAMPLE.customer })
  declare id: string;

  @EmailProperty('The e-mail of the customer.', { nullable: true })
  email: string | null;

  @TextProperty(NAME.description, { nullable: true, example: NAME.example })
  name: string | null;

  @EnumProperty(CUSTOMER_TYPES, TYPE)
  type: string;

  @MetadataProperty()
  metadata: StoredMetadata;

  static from(row: CustomerRow): CustomerDto {
    return {
      id: row.id,
      created_at: row.created_at,
      modified_at: row.modified_at,
      email: row.email,
      name: row.name,
      external_id: row.external_id,
      type: row.type,
      metadata: row.metadata,
    };
  }
}

export class CustomerPage extends PageOf(CustomerDto) {}
