import { OmitType } from '@nestjs/swagger';
import {
  ObjectProperty,
  TextProperty,
  UuidProperty,
} from '../platform/http/response-properties.js';
import { PageOf } from '../platform/http/pagination.js';
import { SubscriptionDto } from '../purchases/subscriptions/subscriptions.dto.js';
import type { HeldSubscription } from './portal.repository.js';
import { EXAMPLE } from '../platform/http/examples.js';

class HeldProductDto {
  @UuidProperty('The id of the product.', { example: EXAMPLE.product })
  id: string;

  @TextProperty('The name of the product.', { example: 'Acme Pro' })
  name: string;
}

/** A subscription as a person with a seat sees it: without the seller's metadata. */
export class HeldSubscriptionDto extends OmitType(SubscriptionDto, ['metadata']) {
  @ObjectProperty(HeldProductDto, 'The product of the subscription.')
  product: HeldProductDto;

  static from(row: HeldSubscription): HeldSubscriptionDto {
    const { metadata: _, ...subscription } = SubscriptionDto.from({
      ...row,
      organization_id: '',
      metadata: {},
    });
    return { ...subscription, product: { id: row.product_id, name: row.product_name } };
  }
}

export class HeldSubscriptionPage extends PageOf(HeldSubscriptionDto) {}
