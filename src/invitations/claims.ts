import type { Brand } from '../organizations/organization.js';

/** What an invitation offers, to whoever holds its token. */
export interface ClaimInfo {
  product_name: string;
  product_id: string;
  organization_name: string;
  organization_slug: string;
  customer_email: string;
  can_claim: boolean;
  /** The organization's. */
  locale: string;
  brand: Brand;
}

/** What the claim page needs of the seats. */
export abstract class Claims {
  /**
   * Changes nothing.
   * @throws {ResourceNotFound} unknown, expired, used or revoked: all alike.
   */
  abstract info(token: string): Promise<ClaimInfo>;

  /** @throws {ApiError} InvalidInvitationToken or SeatNotAvailable. */
  abstract claim(
    token: string,
    requestId: string | null,
  ): Promise<{ seat: unknown; customer_session_token: string }>;
}
