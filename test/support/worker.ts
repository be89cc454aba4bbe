import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Processor } from '../../src/effects/processor.js';
import { Relay } from '../../src/effects/relay.js';
import { WorkerLoops } from '../../src/effects/worker-loops.js';
import { Clock } from '../../src/platform/clock.js';
import { JobQueue } from '../../src/platform/queue/queue.js';
import { WorkerModule } from '../../src/worker.module.js';
import { TestClock, testSettings } from './app.js';

/** The worker's pieces, none of them running: a test moves them by hand, or starts them all. */
export interface TestWorker {
  app: INestApplicationContext;
  clock: TestClock;
  relay: Relay;
  /** Takes jobs off the queue from now on. */
  work(): void;
  /** Everything that a worker does all day. */
  start(): void;
  close(): Promise<void>;
}

export async function startWorker(env: Record<string, string>): Promise<TestWorker> {
  const settings = testSettings({ APP_ROLE: 'worker', ...env });
  const app = await NestFactory.createApplicationContext(WorkerModule.with(settings), {
    logger: false,
    abortOnError: false,
  });
  const clock = new TestClock();
  app.get(Clock).now = () => clock.now();
  const processor = app.get(Processor);
  return {
    app,
    clock,
    relay: app.get(Relay),
    work: () => app.get(JobQueue).work((name, payload) => processor.process(name, payload)),
    start: () => app.get(WorkerLoops).start(),
    close: () => app.close(),
  };
}
