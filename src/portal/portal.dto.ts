import { OmitType } from '@nestjs/swagger';
import { ShownObject, ShownText, ShownUuid } from '../platform/http/answers.js';
import { PageOf } from '../platform/http/pages.js';
import { SubscriptionDto } from '../purchases/subscriptions/subscriptions.dto.js';
import type { HeldSubscription } from './portal.repository.js';

class HeldProductDto {
  @ShownUuid('The id of the product.')
  id: string;

  @ShownText('What it is called.', { example: 'Acme Pro' })
  name: string;
}

/** A subscription as somebody on one of its seats sees it: without the seller's metadata. */
export class HeldSubscriptionDto extends OmitType(SubscriptionDto, ['metadata']) {
  @ShownObject(HeldProductDto, 'What the seat is for.')
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
