import { ApiSchema } from '@nestjs/swagger';
import { BooleanProperty, ObjectProperty } from '../../platform/http/response-properties.js';
import type { Problem } from '../../platform/errors.js';
import { EmailField, TextField, UuidField } from '../../platform/http/request-fields.js';
import type { HasRules } from '../../platform/http/validation.pipe.js';
import { CustomerSeatDto } from '../seats.dto.js';
import { type RecipientKeys, recipientProblem } from '../seats.rules.js';

/** A product and a person. The ids of a query are UUIDs of version 4, those of a body may be any. */
export class AccessQuery implements RecipientKeys, HasRules {
  @UuidField({ description: 'The id of the product.', required: true, version4: true })
  product_id: string;

  @EmailField({ description: 'The e-mail of the person. Case is ignored.' })
  email?: string;

  @UuidField({ description: 'The id of the customer.', version4: true })
  customer_id?: string;

  @TextField({ description: 'Your own id for the customer.', example: 'user_42' })
  external_customer_id?: string;

  @UuidField({ description: 'The id of the member.', version4: true })
  member_id?: string;

  @TextField({
    description: 'Your own id for the member. With `email`, both must belong to the person.',
    example: 'employee_7',
  })
  external_member_id?: string;

  problem(): Problem | undefined {
    return recipientProblem(this);
  }
}

@ApiSchema({ name: 'Access', description: 'Whether a person can use a product.' })
export class AccessDto {
  @BooleanProperty('Whether the person can use the product right now.')
  has_access: boolean;

  @ObjectProperty(CustomerSeatDto, 'The seat that gives access. Null without access.', {
    nullable: true,
  })
  seat: CustomerSeatDto | null;
}
