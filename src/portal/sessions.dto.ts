import { ShownDateTime, ShownText, ShownUuid } from '../platform/http/answers.js';
import { problem, type Problem } from '../platform/errors.js';
import { EXAMPLE_ID, Examples } from '../platform/http/docs.js';
import { TextField, UuidField } from '../platform/http/fields.js';
import type { HasRules } from '../platform/http/validation.pipe.js';
import type { OpenedSession, SessionKeys } from './sessions.service.js';

/** Body of POST /v1/customer-sessions. */
@Examples({
  'The buyer': { customer_id: EXAMPLE_ID },
  'A member of theirs': { external_customer_id: 'user_42', external_member_id: 'employee_7' },
})
export class CreateCustomerSession implements SessionKeys, HasRules {
  @UuidField({ description: 'The customer. Without a member the session is the customer’s own.' })
  customer_id?: string;

  @TextField({ description: 'The same by your own id of the customer.', example: 'user_42' })
  external_customer_id?: string;

  @UuidField({ description: 'The member. Enough by itself; with a customer, it must be theirs.' })
  member_id?: string;

  @TextField({
    description: 'The same by your own id of the member, which needs the customer as well.',
    example: 'employee_7',
  })
  external_member_id?: string;

  problem(): Problem | undefined {
    const customers = countOf(this.customer_id, this.external_customer_id);
    const members = countOf(this.member_id, this.external_member_id);
    if (customers > 1) return invalid('Only one of customer_id and external_customer_id');
    if (members > 1) return invalid('Only one of member_id and external_member_id');
    if (customers + members === 0) {
      return invalid('At least one of customer_id, external_customer_id and member_id');
    }
    if (customers === 0 && this.external_member_id !== undefined) {
      return problem(
        'value_error',
        'external_member_id is unique per customer only: customer_id or external_customer_id is needed',
      );
    }
    return undefined;
  }
}

function countOf(...values: (string | undefined)[]): number {
  return values.filter((value) => value !== undefined).length;
}

function invalid(keys: string): Problem {
  return problem('value_error', `${keys} must be given`);
}

export class CustomerSessionDto {
  @ShownText(
    'What opens the portal. It is shown once; replays of the request have null in its place.',
    { nullable: true, example: 'seat_cst_…' },
  )
  token: string;

  @ShownDateTime('One hour from now.')
  expires_at: Date;

  @ShownUuid('The customer whose portal it is.')
  customer_id: string;

  @ShownUuid('The member as whom the portal is opened; null: the customer themselves.', {
    nullable: true,
  })
  member_id: string | null;

  @ShownText('Where to send the person. It holds the token, so it is as secret as that.', {
    nullable: true,
    example: 'https://seats.example.com/portal?token=seat_cst_…',
    format: 'uri',
  })
  customer_portal_url: string;

  static from(session: OpenedSession): CustomerSessionDto {
    const { token, expires_at, customer_id, member_id, customer_portal_url } = session;
    return { token, expires_at, customer_id, member_id, customer_portal_url };
  }
}
