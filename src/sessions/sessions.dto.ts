import { ApiSchema } from '@nestjs/swagger';
import type { Customer } from '../generated/prisma/client.js';
import {
  BooleanProperty,
  DateTimeProperty,
  EmailProperty,
  EnumProperty,
  MetadataProperty,
  ObjectProperty,
  TextProperty,
  UuidProperty,
} from '../platform/http/response-properties.js';
import { problem, type Problem } from '../platform/errors.js';
import { BodyExamples } from '../platform/http/openapi.decorators.js';
import { TextField, UrlField, UuidField } from '../platform/http/request-fields.js';
import type { HasRules } from '../platform/http/validation.pipe.js';
import type { NewSession, OpenedSession } from './sessions.service.js';
import { EXAMPLE, EXAMPLE_EXTERNAL_ID, EXAMPLE_MEMBER } from '../platform/http/examples.js';

/** Body of POST /v1/customer-sessions. */
@BodyExamples({
  'The buyer': { customer_id: EXAMPLE.customer },
  'A member of the buyer': {
    external_customer_id: EXAMPLE_EXTERNAL_ID,
    external_member_id: EXAMPLE_MEMBER.external_id,
  },
})
@ApiSchema({ name: 'CustomerSessionCreate', description: 'The person whose portal is opened.' })
export class CreateCustomerSession implements NewSession, HasRules {
  @UuidField({ description: 'The customer. Without a member the session is the customer’s own.' })
  customer_id?: string;

  @TextField({ description: 'The customer by your own id.', example: 'user_42' })
  external_customer_id?: string;

  @UuidField({
    description: 'The member. If a customer is given as well, the member must belong to it.',
  })
  member_id?: string;

  @TextField({
    description: 'The member by your own id. It requires the customer as well.',
    example: 'employee_7',
  })
  external_member_id?: string;

  @UrlField({
    description:
      'Where the link back on the portal’s pages leads. Must be https; in development, http on ' +
      'loopback is possible too.',
    example: 'https://shop.example.com/account',
  })
  return_url?: string;

  problem(): Problem | undefined {
    const customers = countOf(this.customer_id, this.external_customer_id);
    const members = countOf(this.member_id, this.external_member_id);
    if (customers > 1)
      return problem('value_error', 'Send only one of customer_id and external_customer_id.');
    if (members > 1)
      return problem('value_error', 'Send only one of member_id and external_member_id.');
    if (customers + members === 0) {
      return problem(
        'value_error',
        'Name a person: send customer_id, external_customer_id or member_id.',
      );
    }
    if (customers === 0 && this.external_member_id !== undefined) {
      return problem(
        'value_error',
        'Send customer_id or external_customer_id beside external_member_id, which is unique per customer only.',
      );
    }
    return undefined;
  }
}

function countOf(...values: (string | undefined)[]): number {
  return values.filter((value) => value !== undefined).length;
}

/** The customer of a session, with the keys that Polar's clients require. */
@ApiSchema({ name: 'SessionCustomer', description: 'The customer of a portal session.' })
export class SessionCustomerDto {
  @UuidProperty('The id of the customer.', { example: EXAMPLE.customer })
  id: string;

  @DateTimeProperty('When the customer was created.')
  created_at: Date;

  @DateTimeProperty('When the customer was last changed.', { nullable: true })
  modified_at: Date | null;

  @DateTimeProperty('Always null: a deleted customer gets no session.', { nullable: true })
  deleted_at: null;

  @UuidProperty('The id of your organization.')
  organization_id: string;

  @TextProperty('Your own id for the customer.', { nullable: true, example: 'user_42' })
  external_id: string | null;

  @EmailProperty('The e-mail of the customer.', { nullable: true })
  email: string | null;

  @BooleanProperty('Always false: this service does not verify e-mails.', { example: false })
  email_verified: boolean;

  @TextProperty('The name of the customer.', { nullable: true, example: 'Ada Lovelace' })
  name: string | null;

  @EnumProperty(['individual', 'team'], 'A person, or an organization.')
  type: string;

  @MetadataProperty(
    'Your own data. Nested values are serialized as JSON text, because Polar’s clients do not accept nested objects.',
  )
  metadata: Record<string, string | number | boolean>;

  @TextProperty('Always null: this service does no billing.', { nullable: true, example: null })
  billing_address: null;

  @TextProperty('Always null: this service does no billing.', { nullable: true, example: null })
  tax_id: null;

  @TextProperty('Always empty: customers have no picture here.', { example: '' })
  avatar_url: string;

  static from(row: Customer): SessionCustomerDto {
    return {
      id: row.id,
      created_at: row.created_at,
      modified_at: row.modified_at,
      deleted_at: null,
      organization_id: row.organization_id,
      external_id: row.external_id,
      email: row.email,
      email_verified: false,
      name: row.name,
      type: row.type,
      metadata: flat(row.metadata as object),
      billing_address: null,
      tax_id: null,
      avatar_url: '',
    };
  }
}

/** Writes nested values and null as JSON text. */
function flat(metadata: object): Record<string, string | number | boolean> {
  return Object.fromEntries(
    Object.entries(metadata).map(([key, value]) => [
      key,
      typeof value === 'object' ? JSON.stringify(value) : value,
    ]),
  );
}

@ApiSchema({ name: 'CustomerSession', description: 'A session of the customer portal.' })
export class CustomerSessionDto {
  @UuidProperty('The id of the session.', { example: EXAMPLE.session })
  id: string;

  @DateTimeProperty('When the session was opened.')
  created_at: Date;

  @DateTimeProperty('Always null: a session does not change.', { nullable: true })
  modified_at: null;

  @TextProperty(
    'Calls the customer portal’s routes. It is shown once; replays of the request contain null instead.',
    { nullable: true, example: 'seat_cst_…' },
  )
  token: string;

  @DateTimeProperty('One hour from now.')
  expires_at: Date;

  @UuidProperty('The customer whose portal it is.')
  customer_id: string;

  @ObjectProperty(SessionCustomerDto, 'The customer whose portal it is.')
  customer: SessionCustomerDto;

  @UuidProperty('The member that the portal is opened for; null for the customer.', {
    nullable: true,
  })
  member_id: string | null;

  @TextProperty('Where the link back on the portal’s pages leads.', {
    nullable: true,
    example: 'https://shop.example.com/account',
    format: 'uri',
  })
  return_url: string | null;

  @TextProperty(
    'Send the person here. The link opens the portal once, within 15 minutes. Replays of the request ' +
      'contain null instead.',
    {
      nullable: true,
      example: 'https://seats.example.com/portal?code=seat_cpc_3qZ8Yt1bVnK5wXr0',
      format: 'uri',
    },
  )
  customer_portal_url: string;

  static from(session: OpenedSession): CustomerSessionDto {
    const { id, created_at, token, expires_at, customer, member_id } = session;
    return {
      id,
      created_at,
      modified_at: null,
      token,
      expires_at,
      customer_id: customer.id,
      customer: SessionCustomerDto.from(customer),
      member_id,
      return_url: session.return_url,
      customer_portal_url: session.customer_portal_url,
    };
  }
}
