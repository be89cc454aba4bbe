import { Injectable } from '@nestjs/common';
import type { Caller } from '../../platform/caller.js';
import { noSuch } from '../../platform/errors.js';
import { FeatureNotEnabled } from '../seats.errors.js';
import type { Recipient } from '../seats.rules.js';
import type { SeatRow } from '../seats.sql.js';
import { AccessRepository } from './access.repository.js';

/** Decides whether a person may use a product. Applications ask this on every sign-in. */
@Injectable()
export class AccessService {
  constructor(private readonly access: AccessRepository) {}

  /**
   * The claimed seat that gives a person access to a product; null when there is none, even for an
   * unknown person.
   * @throws {ResourceNotFound} no such product; {FeatureNotEnabled}.
   */
  async find(caller: Caller, productId: string, person: Recipient): Promise<SeatRow | null> {
    const row = await this.access.findAccess(caller.organizationId, productId, person);
    if (row === undefined) throw noSuch('product', productId);
    if (!row.seats_enabled) throw new FeatureNotEnabled();
    return row.seat_id === null ? null : (row as SeatRow);
  }
}
