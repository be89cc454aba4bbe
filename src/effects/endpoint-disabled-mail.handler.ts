import { Injectable } from '@nestjs/common';
import { Settings } from '../platform/settings.js';
import { Mailer } from '../platform/mail/mailer.js';
import { messageIdOf } from '../platform/mail/message-id.js';
import { renderEndpointDisabled } from '../webhooks/endpoint-disabled.mail.js';
import { WebhooksRepository } from '../webhooks/webhooks.repository.js';
import { EffectHandler } from './effects.js';

/** Informs an organization by mail that one of its webhook endpoints was disabled. */
@Injectable()
export class EndpointDisabledMailHandler extends EffectHandler {
  readonly effect = 'endpoint-disabled-mail';

  constructor(
    private readonly webhooks: WebhooksRepository,
    private readonly mailer: Mailer,
    private readonly settings: Settings,
  ) {
    super();
  }

  override async handle(eventId: string): Promise<string> {
    const notice = await this.webhooks.findNotice(eventId);
    if (notice === undefined) return 'no address';
    const { reply_to, locale, organization_name, url, reason, disabled_at } = notice;
    const content = renderEndpointDisabled({
      locale,
      organizationName: organization_name,
      url,
      reason,
      disabledAt: disabled_at,
    });
    await this.mailer.send({
      ...content,
      to: reply_to,
      messageId: messageIdOf(eventId, this.settings),
    });
    return 'sent';
  }
}
