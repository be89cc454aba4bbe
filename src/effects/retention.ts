import { Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock.js';
import { Settings } from '../platform/settings.js';
import { RetentionRepository } from './retention.repository.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const BATCH = 1000;

/**
 * Deletes events and deliveries that are older than the configured retention, and expired sessions.
 * It works in small batches, so that no other statement waits long.
 */
@Injectable()
export class Retention {
  constructor(
    private readonly repository: RetentionRepository,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  /**
   * Deletes a batch of each kind. A kind that fails does not keep the others from being deleted.
   * @returns the number of rows; call again while it is not 0.
   * @throws {AggregateError} with the failures, after the last kind.
   */
  async runOnce(): Promise<number> {
    const { repository } = this;
    const { eventRetentionDays, deliveryRetentionDays } = this.settings;
    const kinds: (() => Promise<number>)[] = [
      () =>
        this.beforeRetention(deliveryRetentionDays, (then) =>
          repository.deleteDeliveries(then, BATCH),
        ),
      () =>
        this.beforeRetention(deliveryRetentionDays, (then) =>
          repository.deleteMessages(then, BATCH),
        ),
      () =>
        this.beforeRetention(eventRetentionDays, (then) => repository.deleteEvents(then, BATCH)),
      () => repository.deleteSessions(this.clock.now(), BATCH),
    ];
    let deleted = 0;
    const failures: Error[] = [];
    for (const deleteKind of kinds) {
      try {
        deleted += await deleteKind();
      } catch (error) {
        failures.push(error as Error);
      }
    }
    if (failures.length === 0) return deleted;
    throw new AggregateError(failures, failures.map(({ message }) => message).join('; '));
  }

  /** @param days 0 keeps everything. */
  private async beforeRetention(
    days: number,
    deleteBefore: (then: Date) => Promise<number>,
  ): Promise<number> {
    if (days === 0) return 0;
    return deleteBefore(new Date(this.clock.now().getTime() - days * DAY_MS));
  }
}
