import { PassThrough } from 'node:stream';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { type InvitedSeat } from '../seats.sql.js';
import { ClaimRepository } from './claim.repository.js';

const POLL_MS = 500;
const COMMENT_MS = 15_000;
const END_MS = 10 * 60_000;

interface Watcher {
  invited: InvitedSeat;
  stream: PassThrough;
  told: boolean;
  /** Stops its timers, so that nothing more is written to it. */
  forget: () => void;
}

/**
 * Tells waiting browsers that their seat was claimed (server-sent events). All streams of a process
 * share one query every half second, so that waiting costs neither a database connection nor a
 * LISTEN. Without streams it does not run.
 */
@Injectable()
export class ClaimStreams implements OnModuleDestroy {
  private readonly watchers = new Set<Watcher>();
  private timer: NodeJS.Timeout | undefined;
  private ended = false;

  constructor(private readonly claims: ClaimRepository) {}

  /**
   * A stream for one seat. It sends the claim and a comment every 15 s, and ends after 10 minutes.
   * After {@link endAll} it ends at once.
   */
  open(invited: InvitedSeat): PassThrough {
    const stream = new PassThrough();
    stream.write(': waiting\n\n');
    if (this.ended) return stream.end(RECONNECT);
    const comment = setInterval(() => stream.write(': waiting\n\n'), COMMENT_MS);
    const end = setTimeout(() => this.end(watcher), END_MS);
    const forget = () => {
      clearInterval(comment);
      clearTimeout(end);
      this.watchers.delete(watcher);
    };
    const watcher: Watcher = { invited, stream, told: false, forget };
    stream.on('close', forget);
    this.watchers.add(watcher);
    this.pollLater();
    return stream;
  }

  onModuleDestroy(): void {
    this.endAll();
  }

  /** Call it before the HTTP server waits for its connections, because streams do not end by themselves. */
  endAll(): void {
    this.ended = true;
    clearTimeout(this.timer);
    for (const watcher of this.watchers) this.end(watcher);
  }

  /** Removes the stream before it ends, because a write after the end would be an error. */
  private end(watcher: Watcher): void {
    watcher.forget();
    watcher.stream.end(RECONNECT);
  }

  private pollLater(): void {
    if (!this.ended) this.timer ??= setTimeout(() => void this.poll(), POLL_MS);
  }

  private async poll(): Promise<void> {
    try {
      const waiting = [...this.watchers].filter((watcher) => !watcher.told);
      const seats = waiting.map(({ invited }) => invited);
      const claimed = new Set(seats.length > 0 ? await this.claims.claimedAmong(seats) : []);
      for (const watcher of waiting) {
        // The stream may have ended during the query.
        const isOpen = this.watchers.has(watcher);
        if (isOpen && claimed.has(watcher.invited.seat_id)) this.tell(watcher);
      }
    } catch (error) {
      Logger.warn(`claim streams: ${String(error)}`, ClaimStreams.name);
    }
    this.timer = undefined;
    if (this.watchers.size > 0) this.pollLater();
  }

  /** Sends the claim and stops the polling. The stream stays open until its end, as clients expect. */
  private tell(watcher: Watcher): void {
    const { seat_id, subscription_id, order_id, product_id } = watcher.invited;
    const payload = { seat_id, subscription_id, order_id, product_id };
    watcher.stream.write(data({ key: 'customer_seat.claimed', payload }));
    watcher.told = true;
  }
}

const RECONNECT = data({ type: 'reconnect' });

function data(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}
