import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Processor } from '../../src/effects/processor.js';
import { Relay } from '../../src/effects/relay.js';
import { WorkerLoops } from '../../src/effects/worker-loops.js';
import { Clock } from '../../src/platform/clock.js';
import { JobQueue } from '../../src/platform/queue/queue.js';
import { WorkerModule } from '../../src/boot/worker.module.js';
import { TestClock, testSettings } from './app.js';

/** A worker that is not running. A test calls its parts one by one, or starts all of them. */
export interface TestWorker {
  app: INestApplicationContext;
  clock: TestClock;
  relay: Relay;
  /** Starts to process the jobs of the queue. */
  work(): void;
  /** Starts all loops of the worker. */
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
