import {
  EmailProperty,
  EnumProperty,
  TextProperty,
  UuidProperty,
} from '../../platform/http/response-properties.js';
import { EmailField, EnumField, NameField, UuidField } from '../../platform/http/request-fields.js';
import { ChosenIdField, ExternalIdField, ObjectDto } from '../../platform/http/objects.dto.js';
import { PageOf, PageQuery } from '../../platform/http/pagination.js';
import { StrictBody } from '../../platform/http/validation.pipe.js';
import { MEMBER_ROLES, type MemberRole } from './member.js';
import type { MemberRow } from './members.repository.js';
import { EXAMPLE } from '../../platform/http/examples.js';
import { BodyExamples } from '../../platform/http/openapi.decorators.js';

const CUSTOMER = 'The customer to whom the person belongs.';
const EMAIL = 'Unique among the members of the customer, regardless of case; 409 if it is taken.';
const NAME = { description: 'The name of the person.', example: 'Joan Clarke' };
const ROLE = 'The role of the person in the customer portal.';

/** Body of POST /v1/members. */
export class CreateMember {
  @ChosenIdField()
  id?: string;

  @UuidField({ required: true, description: CUSTOMER })
  customer_id: string;

  @EmailField({ required: true, description: EMAIL, example: 'joan@example.com' })
  email: string;

  @NameField(NAME)
  name?: string;

  @ExternalIdField({ example: 'employee_12' })
  external_id?: string;

  @EnumField(MEMBER_ROLES, { description: ROLE, default: 'member' })
  role?: MemberRole;
}

/** Body of PATCH /v1/members/{id}. */
@BodyExamples({ 'Name and role': { name: 'Barbara H. Liskov', role: 'billing_manager' } })
export class UpdateMember extends StrictBody {
  @EmailField({ refuseNull: true, description: EMAIL })
  email?: string;

  @NameField({ nullable: true, ...NAME })
  name?: string | null;

  @ExternalIdField({ nullable: true })
  external_id?: string | null;

  @EnumField(MEMBER_ROLES, { refuseNull: true, description: ROLE })
  role?: MemberRole;
}

/** Query of GET /v1/members. */
export class MembersQuery extends PageQuery {
  @UuidField({ version4: true, description: 'Only the members of this customer.' })
  customer_id?: string;

  @EmailField({ description: 'Only members with this e-mail, regardless of case.' })
  email?: string;
}

/** Query of GET /v1/members/external/{external_id}. */
export class MemberOfCustomer {
  @UuidField({ required: true, version4: true, description: CUSTOMER })
  customer_id: string;
}

/** A member as the API shows it. */
export class MemberDto extends ObjectDto {
  @UuidProperty('The id of the member.', { example: EXAMPLE.member })
  declare id: string;

  @UuidProperty(CUSTOMER)
  customer_id: string;

  @EmailProperty('The e-mail of the person.', { example: 'joan@example.com' })
  email: string;

  @TextProperty(NAME.description, { nullable: true, example: NAME.example })
  name: string | null;

  @EnumProperty(MEMBER_ROLES, ROLE)
  role: string;

  static from(row: MemberRow): MemberDto {
    return {
      id: row.id,
      created_at: row.created_at,
      modified_at: row.modified_at,
      customer_id: row.customer_id,
      email: row.email,
      name: row.name,
      external_id: row.external_id,
      role: row.role,
    };
  }
}

export class MemberPage extends PageOf(MemberDto) {}
