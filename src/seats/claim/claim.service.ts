import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { hashesOf } from '../../invitations/invitation.js';
import type { Brand } from '../../organizations/organization.js';
import type { Caller } from '../../platform/caller.js';
import { Clock } from '../../platform/clock.js';
import { Keys, newToken } from '../../platform/crypto.js';
import { CUSTOMER_SESSION_PREFIX, MEMBER_SESSION_PREFIX } from '../../platform/token-form.js';
import { SESSION_SECONDS } from '../../sessions/session.js';
import { FeatureNotEnabled, InvalidInvitationToken, SeatNotAvailable } from '../seats.errors.js';
import type { InvitedSeat, SeatRow } from '../seats.sql.js';
import { ClaimRepository } from './claim.repository.js';

/** The offer of an invitation, as the holder of its token sees it. */
export interface ClaimInfo {
  product_name: string;
  product_id: string;
  organization_name: string;
  organization_slug: string;
  customer_email: string;
  /** Whether the seat can be claimed right now. */
  can_claim: boolean;
  /** The organization's language. */
  locale: string;
  brand: Brand;
}

/** A claimed seat, and a token that opens the portal for its person. */
export interface ClaimedSeat {
  seat: SeatRow;
  customer_session_token: string;
}

/** Claims seats. The invitation token is the only proof of identity. */
@Injectable()
export class ClaimService {
  constructor(
    private readonly claims: ClaimRepository,
    private readonly keys: Keys,
    private readonly clock: Clock,
  ) {}

  /** The offer of an invitation. @throws {FeatureNotEnabled}. */
  info(invited: InvitedSeat): ClaimInfo {
    if (!invited.seats_enabled) throw new FeatureNotEnabled();
    return {
      product_name: invited.product_name,
      product_id: invited.product_id,
      organization_name: invited.organization_name,
      organization_slug: invited.organization_slug,
      customer_email: invited.email,
      can_claim: invited.active,
      locale: invited.locale,
      brand: invited.brand,
    };
  }

  /**
   * Claims the seat and opens a portal session for its person. The statement that claims the seat
   * checks the invitation again, so it does not matter when the invitation was looked up.
   * @throws {InvalidInvitationToken}; {SeatNotAvailable} while the purchase gives no seats;
   *   {FeatureNotEnabled}.
   */
  async claim(invited: InvitedSeat, requestId: string | null): Promise<ClaimedSeat> {
    if (!invited.seats_enabled) throw new FeatureNotEnabled();
    if (!invited.active) {
      throw new SeatNotAvailable(
        'This seat cannot be claimed in the current status of its purchase. Ask the seller.',
      );
    }
    const caller: Caller = {
      organizationId: invited.organization_id,
      actor: { type: 'invitation', id: invited.seat_id },
      requestId,
    };
    const now = this.clock.now();
    const session = this.newSession(invited, now);
    const seat = await this.claims.claim(caller, invited.invitation_hash, session, now);
    // Another claim, a revoke or a change of the purchase came first.
    if (seat === undefined) throw new InvalidInvitationToken();
    return { seat, customer_session_token: session.token };
  }

  /** The seats of several invitations by their tokens, in one statement. Wrong tokens have none. */
  async lookUp(tokens: string[]): Promise<Map<string, InvitedSeat>> {
    const tokenOf = new Map(
      tokens.flatMap((token) => hashesOf(this.keys, token).map((hash) => [hash, token])),
    );
    const rows = await this.claims.findInvited([...tokenOf.keys()], this.clock.now());
    return new Map(rows.map((row) => [tokenOf.get(row.invitation_hash) as string, row]));
  }

  /**
   * A session for the person, never for the buyer: a member's session, or a customer's session in
   * an organization without members.
   */
  private newSession(invited: InvitedSeat, now: Date) {
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
