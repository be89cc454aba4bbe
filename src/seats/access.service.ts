import { Injectable } from '@nestjs/common';
import { ResourceNotFound } from '../platform/errors.js';
import type { Caller } from '../platform/http/access.js';
import { AccessRepository } from './access.repository.js';
import type { Recipient } from './seat.js';
import { FeatureNotEnabled } from './seats.errors.js';
import type { SeatRow } from './seats.rows.js';

/** Answers the question that applications ask on every sign-in. */
@Injectable()
export class AccessService {
  constructor(private readonly access: AccessRepository) {}

  /**
   * The claimed seat with which a person may use a product; null when there is none, also for a
   * person nobody knows.
   * @throws {ResourceNotFound} no such product; {FeatureNotEnabled}.
   */
  async seatFor(caller: Caller, productId: string, person: Recipient): Promise<SeatRow | null> {
    const found = await this.access.find(caller.organizationId, productId, person);
    if (found === undefined) throw new ResourceNotFound('There is no such product.');
    if (!found.seats_enabled) throw new FeatureNotEnabled();
    return found.seat_id === null ? null : found;
  }
}
