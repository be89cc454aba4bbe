import { ShownBoolean, ShownObject } from '../platform/http/answers.js';
import { UuidField } from '../platform/http/fields.js';
import type { HasRules } from '../platform/http/validation.pipe.js';
import { RecipientDto } from './assignments.dto.js';
import { CustomerSeatDto } from './seats.dto.js';

export class AccessQuery extends RecipientDto implements HasRules {
  @UuidField({ description: 'The product.', required: true, version4: true })
  product_id: string;

  problem() {
    return this.recipientProblem();
  }
}

export class AccessDto {
  @ShownBoolean('Whether the person may use the product right now.')
  has_access: boolean;

  @ShownObject(CustomerSeatDto, 'The seat that gives access; null without.', {
    nullable: true,
  })
  seat: CustomerSeatDto | null;
}
