import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { EventsRepository } from '../events/events.repository.js';
import { IdempotencyPruner } from '../platform/http/idempotency.js';
import { BackgroundLoop } from '../platform/background-loop.js';
import { Clock } from '../platform/clock.js';
import { WakeUpListener } from '../platform/outbox/wake-ups.js';
import { JobQueue } from '../platform/queue/queue.js';
import { Settings } from '../platform/settings.js';
import { PeriodEndsService } from '../purchases/subscriptions/period-ends.service.js';
import { ReleaseService } from '../seats/revoke/release.service.js';
import { Deliverer } from '../webhooks/deliverer.js';
import { Processor } from './processor.js';
import { Relay } from './relay.js';
import { Retention } from './retention.js';

// The pauses between two looks for work. The pause doubles while there is none. A write of the API, or
// work that was found, makes it short again: another worker may leave some of that work.
const SHORTEST_LOOK_MS = 250;
// A lost notification delays a mail by at most this.
const LONGEST_LOOK_MS = 8_000;
// Many API processes send many notifications. A worker does not look more often than this for them.
const LOOK_GAP_MS = 50;
// While no notification can arrive, mails wait for the next look.
const DEAF_LOOK_MS = 500;
// A lapsed invitation frees its seat within a minute.
const RELEASE_MS = 30_000;
// A subscription that ends with its period does so within a minute.
const PERIOD_MS = 30_000;
const PRUNE_MS = 10 * 60_000;

/**
 * The background loops of a worker. The loops that hand events on wait until there is something to do.
 * The loop `look` finds that out with one statement, at once after a write of the API, and otherwise
 * with growing pauses. Tests call the individual steps instead.
 */
@Injectable()
export class WorkerLoops implements OnModuleDestroy {
  private readonly relaying: BackgroundLoop;
  private readonly enqueueing: BackgroundLoop;
  private readonly delivering: BackgroundLoop;
  private readonly looking: BackgroundLoop;
  private readonly loops: BackgroundLoop[];
  private readonly listener: WakeUpListener;
  private lookMs = SHORTEST_LOOK_MS;
  private lookTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly queue: JobQueue,
    private readonly processor: Processor,
    private readonly relay: Relay,
    events: EventsRepository,
    releases: ReleaseService,
    periodEnds: PeriodEndsService,
    pruner: IdempotencyPruner,
    retention: Retention,
    private readonly deliverer: Deliverer,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {
    this.relaying = new BackgroundLoop('relay', () => this.handOn());
    this.enqueueing = new BackgroundLoop('queue', async () => (await relay.enqueue()) > 0);
    this.delivering = new BackgroundLoop('webhooks', () => deliverer.turn());
    this.looking = new BackgroundLoop(
      'look',
      () => this.look(),
      () => this.lookMs,
    );
    this.listener = new WakeUpListener(settings, () => this.lookSoon());
    this.loops = [
      // The two that send. With HOLD_OUTBOX everything else runs, and mails and webhooks wait in
      // PostgreSQL.
      ...(settings.holdOutbox ? [] : [this.enqueueing, this.delivering]),
      this.relaying,
      this.looking,
      new BackgroundLoop('carry-over', () => events.carryOver(), PRUNE_MS),
      new BackgroundLoop('release', async () => (await releases.runOnce()) > 0, RELEASE_MS),
      new BackgroundLoop('period-ends', async () => (await periodEnds.endDue()) > 0, PERIOD_MS),
      new BackgroundLoop('prune', async () => (await pruner.runOnce()) > 0, PRUNE_MS),
      new BackgroundLoop('retention', async () => (await retention.runOnce()) > 0, PRUNE_MS),
    ];
  }

  start(): void {
    if (this.settings.holdOutbox) {
      Logger.warn('HOLD_OUTBOX is set: no mails and no webhooks leave.', WorkerLoops.name);
    } else {
      this.queue.work((name, payload) => this.processor.process(name, payload));
    }
    for (const loop of this.loops) loop.start();
    this.listener.start();
  }

  /** Stops the loops first. Then the queue and the deliverer finish their work. */
  async onModuleDestroy(): Promise<void> {
    clearTimeout(this.lookTimer);
    await Promise.all([this.listener.stop(), ...this.loops.map((loop) => loop.stop())]);
    await Promise.all([this.queue.close(), this.deliverer.finish()]);
  }

  /** @returns whether there may be more to hand on. */
  private async handOn(): Promise<boolean> {
    const count = await this.relay.dispatch();
    if (count === 0) return false;
    this.enqueueing.wake();
    this.delivering.wake();
    return true;
  }

  private lookSoon(): void {
    this.lookTimer ??= setTimeout(() => {
      this.lookTimer = undefined;
      this.lookMs = SHORTEST_LOOK_MS;
      this.looking.wake();
    }, LOOK_GAP_MS);
  }

  /** Looks for work, and wakes the loops that have some. */
  private async look(): Promise<boolean> {
    const { events, effects, next_webhook } = await this.relay.findWaiting();
    const { holdOutbox } = this.settings;
    const untilWebhook =
      next_webhook === null || holdOutbox
        ? LONGEST_LOOK_MS
        : next_webhook.getTime() - this.clock.now().getTime();
    const waiting = [
      events && this.relaying,
      effects && !holdOutbox && this.enqueueing,
      untilWebhook <= 0 && this.delivering,
    ].filter((loop) => loop !== false);
    for (const loop of waiting) loop.wake();
    const longest = this.listener.isConnected ? LONGEST_LOOK_MS : DEAF_LOOK_MS;
    const next = waiting.length > 0 ? 0 : Math.min(2 * this.lookMs, longest, untilWebhook);
    this.lookMs = Math.max(SHORTEST_LOOK_MS, next);
    return false;
  }
}
