import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Claims, type ClaimInfo } from '../invitations/claims.js';
import { hashesOf } from '../invitations/invitation.js';
import { Clock } from '../platform/clock.js';
import { Keys, newToken } from '../platform/crypto.js';
import { ResourceNotFound } from '../platform/errors.js';
import {
  CUSTOMER_SESSION_PREFIX,
  MEMBER_SESSION_PREFIX,
} from '../portal/sessions.authenticator.js';
import { FeatureNotEnabled, InvalidInvitationToken, SeatNotAvailable } from './seats.errors.js';
import { type InvitedSeat, type SeatRow } from './seats.rows.js';
import { ClaimsRepository } from './claims.repository.js';
import { SESSION_SECONDS } from '../portal/session.js';

/** What the holder of an invitation can do. The token alone is the proof; there is no other. */
@Injectable()
export class ClaimsService extends Claims {
  constructor(
    private readonly invitations: ClaimsRepository,
    private readonly keys: Keys,
    private readonly clock: Clock,
  ) {
    super();
  }

  /**
   * What is offered, and to whom. Changes nothing, so that mail scanners may fetch it.
   * @throws {ResourceNotFound} for any token that cannot be claimed any more; {FeatureNotEnabled}.
   */
  override async info(token: string): Promise<ClaimInfo> {
    const invited = await this.find(token);
    const { product_name, product_id, organization_name, organization_slug, locale, brand } =
      invited;
    return {
      product_name,
      product_id,
      organization_name,
      organization_slug,
      customer_email: invited.email,
      can_claim: invited.active,
      locale,
      brand,
    };
  }

  /**
   * Claims the seat and opens the portal for its person.
   * @throws {InvalidInvitationToken}; {SeatNotAvailable} while the purchase gives no seats;
   *   {FeatureNotEnabled}.
   */
  override async claim(
    token: string,
    requestId: string | null,
  ): Promise<{ seat: SeatRow; customer_session_token: string }> {
    const hashes = hashesOf(this.keys, token);
    const now = this.clock.now();
    const invited = await this.invitations.findInvited(hashes, now);
    if (invited === undefined) throw new InvalidInvitationToken();
    if (!invited.seats_enabled) throw new FeatureNotEnabled();
    if (!invited.active) {
      throw new SeatNotAvailable(
        'This seat cannot be claimed in the current status of its purchase.',
      );
    }
    const caller = {
      organizationId: invited.organization_id,
      actor: { type: 'invitation' as const, id: invited.seat_id },
      requestId,
    };
    const session = this.sessionOf(invited, now);
    const seat = await this.invitations.claim(caller, hashes, session, now);
    if (seat === undefined) throw new InvalidInvitationToken();
    return { seat, customer_session_token: session.token };
  }

  /** The seat that a claim stream waits for. @throws as {@link info}. */
  async find(token: string): Promise<InvitedSeat> {
    const invited = await this.invitations.findInvited(
      hashesOf(this.keys, token),
      this.clock.now(),
    );
    if (invited === undefined) throw new ResourceNotFound('There is no such invitation.');
    if (!invited.seats_enabled) throw new FeatureNotEnabled();
    return invited;
  }

  /**
   * A session as the person, never as the buyer: a member's, unless the person is a customer of
   * their own.
   */
  private sessionOf(invited: InvitedSeat, now: Date) {
    const isMember = invited.customer_id === invited.pool_customer_id;
    const token = newToken(isMember ? MEMBER_SESSION_PREFIX : CUSTOMER_SESSION_PREFIX);
    return {
      token,
      id: randomUUID(),
      memberId: isMember ? invited.member_id : null,
      tokenHash: this.keys.sign('token', token),
      expiresAt: new Date(now.getTime() + SESSION_SECONDS * 1000),
    };
  }
}
