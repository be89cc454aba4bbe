import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { EventsRepository } from '../events/events.repository.js';
import { IdempotencyPruner } from '../platform/http/idempotency.js';
import { Loop } from '../platform/loop.js';
import { JobQueue } from '../platform/queue/queue.js';
import { PeriodEndsService } from '../purchases/subscriptions/period-ends.service.js';
import { ReleasesService } from '../seats/releases.service.js';
import { Deliverer } from '../webhooks/deliverer.js';
import { Processor } from './processor.js';
import { Relay } from './relay.js';
import { Retention } from './retention.js';

// An idle relay asks for new events this often: what a mail waits for at the most.
const RELAY_MS = 200;
// Often enough that who reads the stream finds little left to number.
const NUMBER_MS = 200;
const DELIVER_MS = 250;
// A lapsed invitation frees its seat within a minute.
const RELEASE_MS = 15_000;
// A subscription that ends with its period does so within a minute.
const PERIOD_MS = 15_000;
const PRUNE_MS = 10 * 60_000;

/** What a worker does all day. Tests call the pieces by hand instead. */
@Injectable()
export class WorkerLoops implements OnModuleDestroy {
  private readonly loops: Loop[];

  constructor(
    private readonly queue: JobQueue,
    private readonly processor: Processor,
    relay: Relay,
    events: EventsRepository,
    releases: ReleasesService,
    periodEnds: PeriodEndsService,
    pruner: IdempotencyPruner,
    retention: Retention,
    private readonly deliverer: Deliverer,
  ) {
    this.loops = [
      new Loop('relay', async () => (await relay.runOnce()) > 0, RELAY_MS),
      new Loop('numbers', () => events.numberNext(), NUMBER_MS),
      new Loop('webhooks', () => deliverer.turn(), DELIVER_MS),
      new Loop('release', async () => (await releases.runOnce()) > 0, RELEASE_MS),
      new Loop('period-ends', async () => (await periodEnds.endDue()) > 0, PERIOD_MS),
      new Loop('prune', async () => (await pruner.runOnce()) > 0, PRUNE_MS),
      new Loop('retention', async () => (await retention.runOnce()) > 0, PRUNE_MS),
    ];
  }

  start(): void {
    this.queue.work((name, payload) => this.processor.process(name, payload));
    for (const loop of this.loops) loop.start();
  }

  /** Nothing is handed on any more before the queue lets its jobs finish and closes. */
  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.loops.map((loop) => loop.stop()));
    await Promise.all([this.queue.close(), this.deliverer.finish()]);
  }
}
