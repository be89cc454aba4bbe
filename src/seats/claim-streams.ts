import { PassThrough } from 'node:stream';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { type InvitedSeat } from './seats.rows.js';
import { ClaimsRepository } from './claims.repository.js';

const POLL_MS = 500;
const COMMENT_MS = 15_000;
const END_MS = 10 * 60_000;

interface Watcher {
  invited: InvitedSeat;
  stream: PassThrough;
  told: boolean;
}

/**
 * Tells waiting browsers that their seat was claimed (server-sent events). All streams of a process
 * share one query every half second, so that waiting costs neither a database connection nor a
 * LISTEN; without streams nothing is asked.
 */
@Injectable()
export class ClaimStreams implements OnModuleDestroy {
  private readonly watchers = new Set<Watcher>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly claims: ClaimsRepository) {}

  /** A stream of one seat: its claim, a comment every 15 s, and after 10 minutes its end. */
  open(invited: InvitedSeat): PassThrough {
    const watcher = { invited, stream: new PassThrough(), told: false };
    const { stream } = watcher;
    const comment = setInterval(() => stream.write(': waiting\n\n'), COMMENT_MS);
    const forget = () => {
      clearInterval(comment);
      clearTimeout(end);
      this.watchers.delete(watcher);
    };
    // Forgotten before its end: a comment or an event after it would be an error.
    const end = setTimeout(() => {
      forget();
      stream.end(data({ type: 'reconnect' }));
    }, END_MS);
    stream.on('close', forget);
    stream.write(': waiting\n\n');
    this.watchers.add(watcher);
    this.timer ??= setTimeout(() => void this.poll(), POLL_MS);
    return stream;
  }

  onModuleDestroy(): void {
    this.endAll();
  }

  /** Before the HTTP server waits for its connections to end: these would not. */
  endAll(): void {
    clearTimeout(this.timer);
    for (const { stream } of this.watchers) stream.end(data({ type: 'reconnect' }));
  }

  private async poll(): Promise<void> {
    try {
      const waiting = [...this.watchers].filter((watcher) => !watcher.told);
      const seats = waiting.map(({ invited }) => invited);
      const claimed = new Set(seats.length > 0 ? await this.claims.claimedAmong(seats) : []);
      for (const watcher of waiting) {
        if (claimed.has(watcher.invited.seat_id)) this.tell(watcher);
      }
    } catch (error) {
      Logger.warn(`claim streams: ${String(error)}`, ClaimStreams.name);
    }
    this.timer = this.watchers.size > 0 ? setTimeout(() => void this.poll(), POLL_MS) : undefined;
  }

  /** Once told there is nothing left to ask; the stream stays until its end, as clients expect. */
  private tell(watcher: Watcher): void {
    const { seat_id, subscription_id, order_id, product_id } = watcher.invited;
    const payload = { seat_id, subscription_id, order_id, product_id };
    watcher.stream.write(data({ key: 'customer_seat.claimed', payload }));
    watcher.told = true;
  }
}

function data(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}
