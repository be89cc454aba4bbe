import { Injectable } from '@nestjs/common';
import { Database, sql } from '../platform/database/database.js';

/** Everything that an invitation mail says. */
export interface InvitationToSend {
  seat_id: string;
  email: string;
  nonce: string;
  hash: string;
  expires_at: Date;
  product_name: string;
  buyer: string | null;
  organization_name: string;
  locale: string;
  brand: Record<string, string>;
  reply_to: string | null;
  claim_url_template: string | null;
}

@Injectable()
export class InvitationsRepository {
  constructor(private readonly database: Database) {}

  /**
   * The invitation that an event is to send. Undefined when there is nothing to send any more: the
   * seat was claimed or revoked, the invitation has expired, or a later resend has renewed it (its
   * own event sends the new link; the old one is dead).
   */
  async findToSend(eventId: string, now: Date): Promise<InvitationToSend | undefined> {
    const [row] = await this.database.query<InvitationToSend>(sql`
      SELECT s.id AS seat_id, s.email, s.invitation_nonce AS nonce, s.invitation_hash AS hash,
        s.invitation_expires_at AS expires_at, r.name AS product_name,
        coalesce(c.name, c.email) AS buyer, o.name AS organization_name, o.locale, o.brand,
        o.reply_to, o.claim_url_template
      FROM events e
      JOIN seats s ON s.organization_id = e.organization_id AND s.id = e.seat_id
      JOIN pools p ON p.organization_id = s.organization_id AND p.id = s.pool_id
      JOIN products r ON r.organization_id = p.organization_id AND r.id = p.product_id
      JOIN customers c ON c.organization_id = p.organization_id AND c.id = p.customer_id
      JOIN organizations o ON o.id = e.organization_id
      WHERE e.id = ${eventId}::uuid AND s.status = 'pending'
        AND s.invitation_expires_at > ${now}::timestamptz
        AND CASE e.type WHEN 'customer_seat.invitation_resent'
          THEN s.resent_at = e.created_at ELSE s.resent_at IS NULL END`);
    return row;
  }
}
