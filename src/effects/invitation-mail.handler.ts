import { Injectable } from '@nestjs/common';
import { claimUrl, recoverToken } from '../invitations/invitation.js';
import { renderInvitation } from '../invitations/invitation.mail.js';
import {
  InvitationsRepository,
  type InvitationToSend,
} from '../invitations/invitations.repository.js';
import { Batches } from '../platform/batches.js';
import { Clock } from '../platform/clock.js';
import { Settings } from '../platform/settings.js';
import { Keys } from '../platform/crypto.js';
import { Mailer } from '../platform/mail/mailer.js';
import { messageIdOf } from '../platform/mail/message-id.js';
import { EffectHandler } from './effects.js';
import { EffectsRepository } from './effects.repository.js';

/**
 * Mails an invitation. The token is computed here from the seat and the key, so it is never stored.
 * The Message-ID is derived from the event, so recipients can recognize a mail that was sent twice.
 */
@Injectable()
export class InvitationMailHandler extends EffectHandler {
  readonly effect = 'invitation-mail';
  private readonly invitations: Batches<string, Map<string, InvitationToSend>>;

  constructor(
    invitations: InvitationsRepository,
    private readonly effects: EffectsRepository,
    private readonly mailer: Mailer,
    private readonly keys: Keys,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {
    super();
    this.invitations = new Batches((eventIds) => invitations.findToSend(eventIds, clock.now()));
  }

  override async handle(eventId: string): Promise<string> {
    const invitation = (await this.invitations.add(eventId)).get(eventId);
    if (invitation === undefined) return 'outdated';
    const { seat_id, nonce, hash, email, organization_name, product_name } = invitation;
    const token = recoverToken(this.keys, seat_id, nonce, hash);
    // While keys are replaced, this worker may not have the newest key yet. A retry will find it.
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
      messageId: messageIdOf(eventId, this.settings),
    });
    return 'sent';
  }

  override async refused(eventId: string, reason: string): Promise<string> {
    await this.effects.bounce(eventId, this.effect, reason, this.clock.now());
    return 'bounced';
  }
}
