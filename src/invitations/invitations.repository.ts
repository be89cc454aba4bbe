import { Injectable } from '@nestjs/common';
import { Database, sql } from '../platform/database/database.js';

/** The data for an invitation mail. */
export interface InvitationToSend {
  event_id: string;
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

/** The SQL of invitation mails. */
@Injectable()
export class InvitationsRepository {
  constructor(private readonly database: Database) {}

  /**
   * Finds the invitations to send for events, by the id of the event. Leaves out an invitation if
   * its seat was claimed or revoked, if it has expired, or if it was renewed since; the event of the
   * renewal sends the new link.
   */
  async findToSend(eventIds: string[], now: Date): Promise<Map<string, InvitationToSend>> {
    const rows = await this.database.query<InvitationToSend>(sql`
      SELECT event.id AS event_id, seat.id AS seat_id, seat.email, seat.invitation_nonce AS nonce,
        seat.invitation_hash AS hash, seat.invitation_expires_at AS expires_at,
        product.name AS product_name, coalesce(buyer.name, buyer.email) AS buyer,
        organization.name AS organization_name, organization.locale, organization.brand,
        organization.reply_to, organization.claim_url_template
      FROM events event
      JOIN organizations organization ON organization.id = event.organization_id
      JOIN seats seat
        ON seat.organization_id = event.organization_id AND seat.id = event.seat_id
      JOIN pools pool ON pool.organization_id = seat.organization_id AND pool.id = seat.pool_id
      JOIN products product
        ON product.organization_id = pool.organization_id AND product.id = pool.product_id
      JOIN customers buyer
        ON buyer.organization_id = pool.organization_id AND buyer.id = pool.customer_id
      WHERE event.id = ANY(${eventIds}::uuid[]) AND seat.status = 'pending'
        AND seat.invitation_expires_at > ${now}::timestamptz
        AND NOT EXISTS (SELECT FROM events later
          WHERE later.seat_id = event.seat_id AND later.position > event.position
            AND later.type = 'customer_seat.invitation_resent')`);
    return new Map(rows.map((row) => [row.event_id, row]));
  }
}
