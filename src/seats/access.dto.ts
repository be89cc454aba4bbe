import { ApiProperty } from '@nestjs/swagger';
import { UuidField } from '../platform/http/fields.js';
import type { HasRules } from '../platform/http/validation.pipe.js';
import { CustomerSeatDto, RecipientDto } from './seats.dto.js';

export class AccessQuery extends RecipientDto implements HasRules {
  @UuidField({ description: 'The product.', required: true, version4: true })
  product_id: string;

  problem() {
    return this.recipientProblem();
  }
}

export class AccessDto {
  @ApiProperty({ description: 'Whether the person may use the product right now.' })
  has_access: boolean;

  @ApiProperty({
    type: CustomerSeatDto,
    nullable: true,
    description: 'The seat that gives access; null without.',
  })
  seat: CustomerSeatDto | null;
}
