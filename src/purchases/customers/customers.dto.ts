import { ShownEnum, ShownMetadata, ShownText, ShownEmail } from '../../platform/http/answers.js';
import { EmailField, EnumField, MetadataField, TextField } from '../../platform/http/fields.js';
import { ChosenIdField, ExternalIdField, ObjectDto } from '../../platform/http/objects.dto.js';
import { PageOf } from '../../platform/http/pages.js';
import { StrictBody } from '../../platform/http/validation.pipe.js';
import type { Metadata } from '../shared/metadata.js';
import { CUSTOMER_TYPES, type CustomerType } from './customer.js';
import type { CustomerRow } from './customers.repository.js';

const EMAIL =
  'Of which there is only one in the organization, without case; 409 if it is taken. The ' +
  'customer has an owner, a member with the same e-mail, which follows it.';
const NAME = { description: 'What the customer is called.', example: 'Analytical Engines Ltd' };
const TYPE = 'A single person or a team.';

/** Body of POST /v1/customers. */
export class CreateCustomer {
  @ChosenIdField()
  id?: string;

  @EmailField({ description: EMAIL })
  email?: string;

  @TextField(NAME)
  name?: string;

  @ExternalIdField()
  external_id?: string;

  @EnumField(CUSTOMER_TYPES, { description: TYPE, default: 'individual' })
  type?: CustomerType;

  @MetadataField()
  metadata?: Metadata;
}

/** Body of PATCH /v1/customers/{id}. */
export class UpdateCustomer extends StrictBody {
  @EmailField({ nullable: true, description: EMAIL })
  email?: string | null;

  @TextField({ nullable: true, ...NAME })
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
      'Your own id for the customer. One that does not exist, or was deleted, is created; a ' +
      'customer with this e-mail who has no external_id yet gets this one.',
    example: 'crm-4711',
  })
  external_id: string;

  @EmailField({ description: EMAIL })
  email?: string;

  @TextField(NAME)
  name?: string;
}

/** A customer as the API shows it. */
export class CustomerDto extends ObjectDto {
  @ShownEmail('Where the customer is written to.', { nullable: true })
  email: string | null;

  @ShownText(NAME.description, { nullable: true, example: NAME.example })
  name: string | null;

  @ShownEnum(CUSTOMER_TYPES, TYPE)
  type: string;

  @ShownMetadata()
  metadata: Metadata;

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
