import { Injectable } from '@nestjs/common';
import { claimUrl, recoverToken } from '../invitations/invitation.js';
import { renderInvitation } from '../invitations/invitation.mail.js';
import { InvitationsRepository } from '../invitations/invitations.repository.js';
import { Clock } from '../platform/clock.js';
import { Settings } from '../platform/config.js';
import { Keys } from '../platform/crypto.js';
import { Mailer } from '../platform/mail/mailer.js';
import { EffectHandler } from './effects.js';

/**
 * Mails an invitation. The token is computed here and now from the seat and the key: it rested
 * nowhere in between. The Message-ID comes from the event, so a mail that had to be sent twice can
 * be told from two mails.
 */
@Injectable()
export class InvitationMailHandler extends EffectHandler {
  readonly effect = 'invitation-mail';

  constructor(
    private readonly invitations: InvitationsRepository,
    private readonly mailer: Mailer,
    private readonly keys: Keys,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {
    super();
  }

  override async handle(eventId: string): Promise<string> {
    const invitation = await this.invitations.findToSend(eventId, this.clock.now());
    if (invitation === undefined) return 'outdated';
    const { seat_id, nonce, hash, email, organization_name, product_name } = invitation;
    const token = recoverToken(this.keys, seat_id, nonce, hash);
    // While keys are being replaced this worker may not know the newest yet: a later try will.
    if (token === undefined) throw new Error('no key in SECRET_KEYS made this invitation');
    const content = renderInvitation({
      locale: invitation.locale,
      organizationName: organization_name,
      productName: product_name,
      inviter: invitation.buyer,
      email,
      url: claimUrl(this.settings.publicUrl, invitation.claim_url_template, token),
      expiresAt: invitation.expires_at,
      brand: invitation.brand,
    });
    await this.mailer.send({
      ...content,
      to: email,
      fromName: organization_name,
      ...(invitation.reply_to !== null && { replyTo: invitation.reply_to }),
      messageId: `<${eventId}@${new URL(this.settings.publicUrl).hostname}>`,
    });
    return 'sent';
  }
}
