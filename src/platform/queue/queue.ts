import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import {
  type ConnectionOptions,
  createPostgresBackend,
  type JobsOptions,
  Queue,
  Worker,
} from 'bullmq';
import { connectionOptions } from '../database/connection.js';
import type { DatabaseError } from 'pg';
import { Settings } from '../settings.js';

const QUEUE = 'effects';
const CHECK_MS = 2_000;
const ADD_MS = 10_000;
// Enough for most mails in progress. The whole process has 24 s to stop.
const CLOSE_MS = 8_000;
// A worker that dies leaves active jobs behind. The other workers look for such jobs at this interval,
// and take over a job whose lock has expired, within half a minute. If the first worker only hung,
// both may run the job, which is harmless.
const LOCK_MS = 10_000;
const LOOK_FOR_STALLED_MS = 10_000;
const CONNECT_MS = 5_000;
// The longest wait for a notification of a job. A shorter one would make an idle worker ask for jobs
// again and again. Without a limit, BullMQ waits up to an hour on PostgreSQL if a job is delayed. A
// notification that is lost with its connection must not delay a mail that long.
const LONGEST_WAIT_S = 30;
// The pause after an error of the worker. It doubles while errors follow each other.
const FIRST_PAUSE_MS = 500;
const LAST_PAUSE_MS = 30_000;
const PERMISSION_DENIED = '42501';

/** The data of a job: an id. The handler reads all other data from the database. */
export interface JobPayload {
  event_id: string;
}

export interface NewJob {
  name: string;
  /** A job is not added if its id is already in the queue. No colons, and not only digits. */
  id: string;
  payload: JobPayload;
}

const FIRST_RETRY_MS = 5_000;
const LAST_RETRY_MS = 15 * 60_000;

// A job is retried until its handler completes it or gives it up. BullMQ requires a number of
// attempts; this number is not reached in a week. Finished jobs are removed immediately, because the
// database records that the effect is done.
const JOB: JobsOptions = {
  attempts: 1_000,
  backoff: { type: 'custom' },
  removeOnComplete: true,
  removeOnFail: true,
};

/**
 * Milliseconds until the next attempt. The delay doubles each time, up to 15 minutes, and is then
 * shortened by up to a third, so that jobs that failed together are not retried together.
 * @param attempt the number of the failed attempt, from 1. @param random from 0 to 1.
 */
export function retryDelay(attempt: number, random: number): number {
  const delay = Math.min(FIRST_RETRY_MS * 2 ** (attempt - 1), LAST_RETRY_MS);
  return Math.round(delay * (1 - random / 3));
}

/** Thrown by a handler: its job is to be run again after `ms` milliseconds. */
export class RetryAfter extends Error {
  constructor(
    message: string,
    readonly ms: number,
  ) {
    super(message);
  }
}

/** Whether the queue can be reached, for the readiness probe. */
export abstract class QueueHealth {
  /** @throws when it does not respond within 2 s. */
  abstract check(): Promise<void>;
}

/**
 * BullMQ on Redis if REDIS_URL is set, otherwise on PostgreSQL in the schema `bullmq`.
 *
 * A Queue or Worker of BullMQ that could not connect at first never works again: it remembers the
 * failure, and the Worker repeats it in a loop that stops the whole process. So each is built again
 * until one has connected, and no work begins before that.
 */
@Injectable()
export class JobQueue extends QueueHealth {
  private queue: Promise<Queue<JobPayload>> | undefined;
  /** Everything that has to be closed, connected or not. */
  private readonly open = new Set<Queue | Worker>();
  private readonly closing = new AbortController();

  constructor(private readonly settings: Settings) {
    super();
  }

  /** @throws when the queue does not respond within 10 s. Some of the jobs may have been added. */
  async add(jobs: NewJob[]): Promise<void> {
    const added = this.connected().then((queue) =>
      queue.addBulk(
        jobs.map(({ name, id, payload }) => ({ name, data: payload, opts: { ...JOB, jobId: id } })),
      ),
    );
    await inTime(ADD_MS, added);
  }

  /**
   * Starts taking jobs as soon as the queue can be reached. A handler that throws is called again
   * later.
   */
  work(handle: (name: string, payload: JobPayload) => Promise<void>): void {
    void this.startWorker(handle);
  }

  override async check(): Promise<void> {
    // A single look-up. Counting the jobs would take longer the more there are.
    await inTime(
      CHECK_MS,
      this.connected().then((queue) => queue.isPaused()),
    );
  }

  /**
   * Takes no new jobs, and waits up to 8 s for the active ones. Then it disconnects, even when the
   * queue is unreachable. Another worker runs the unfinished jobs again.
   */
  async close(): Promise<void> {
    this.closing.abort();
    await Promise.all(
      [...this.open].map((each) => inTime(CLOSE_MS, each.close()).catch(() => leave(each))),
    );
  }

  /** The queue, connected. @throws the error of the connection; the next call tries again. */
  private connected(): Promise<Queue<JobPayload>> {
    const queue = (this.queue ??= this.connect((migrate) => this.buildQueue(migrate)));
    queue.catch(() => {
      if (this.queue === queue) this.queue = undefined;
    });
    return queue;
  }

  private buildQueue(migrate: boolean): Queue<JobPayload> {
    // Jobs that cannot be added now are not kept in memory, because the relay adds them again later.
    const ofRedis = { enableOfflineQueue: false };
    const { connection, backend } = backendOf(this.settings, migrate, ofRedis);
    const queue = new Queue<JobPayload>(QUEUE, { connection }, backend);
    return queue.on('error', warn);
  }

  private async startWorker(
    handle: (name: string, payload: JobPayload) => Promise<void>,
  ): Promise<void> {
    const pauses = new Pauses();
    while (!this.closing.signal.aborted) {
      try {
        const worker = await this.connect((migrate) => this.buildWorker(handle, migrate));
        worker.on('error', () => void this.pauseWorker(worker, pauses));
        worker.on('failed', (job, error) =>
          Logger.warn(
            `${job?.name} of event ${job?.data.event_id} failed: ${error.message}`,
            'Queue',
          ),
        );
        worker.run().catch(warn);
        return;
      } catch (error) {
        warn(error as Error);
        await this.wait(pauses.next());
      }
    }
  }

  private buildWorker(
    handle: (name: string, payload: JobPayload) => Promise<void>,
    migrate: boolean,
  ): Worker<JobPayload> {
    const { connection, backend } = backendOf(this.settings, migrate);
    // Every job sends one mail. BullMQ counts in the queue, so all workers share the limit; a limit
    // of nodemailer's pool would be exceeded by each of its connections.
    const limit = this.settings.smtpRateLimit;
    const options = {
      connection,
      autorun: false,
      concurrency: this.settings.workerConcurrency,
      ...(limit > 0 && { limiter: { max: limit, duration: 1_000 } }),
      lockDuration: LOCK_MS,
      stalledInterval: LOOK_FOR_STALLED_MS,
      // Redis needs a shorter one to notice a lost connection, and its commands cost little.
      ...(this.settings.redisUrl === undefined && { drainDelay: LONGEST_WAIT_S }),
      runRetryDelay: 2 * FIRST_PAUSE_MS,
      settings: {
        backoffStrategy: (attempt: number, _type?: string, error?: Error) =>
          error instanceof RetryAfter ? error.ms : retryDelay(attempt, Math.random()),
      },
    };
    const worker = new AwakeWorker(QUEUE, (job) => handle(job.name, job.data), options, backend);
    return worker.on('error', warn);
  }

  /** Without a pause, the worker would repeat a request that fails at once as fast as it can. */
  private async pauseWorker(worker: Worker, pauses: Pauses): Promise<void> {
    if (worker.isPaused()) return;
    await worker.pause(true);
    await this.wait(pauses.next());
    if (!this.closing.signal.aborted) await worker.resume();
  }

  /**
   * Connects a Queue or a Worker, and creates or updates the tables of a queue in PostgreSQL. A user
   * without the permission to change tables can still use those that exist.
   * @throws the error of the connection.
   */
  private async connect<T extends Queue | Worker>(build: (migrate: boolean) => T): Promise<T> {
    try {
      return await this.ready(build(true));
    } catch (error) {
      if ((error as Partial<DatabaseError>).code !== PERMISSION_DENIED) throw error;
      return this.ready(build(false)).catch(() => {
        throw error;
      });
    }
  }

  private async ready<T extends Queue | Worker>(end: T): Promise<T> {
    this.open.add(end);
    try {
      await end.waitUntilReady();
      if (this.closing.signal.aborted) throw new Error('the queue is closed');
      return end;
    } catch (error) {
      this.open.delete(end);
      leave(end);
      throw error;
    }
  }

  private async wait(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.closing.signal }).catch(() => undefined);
  }
}

/** Looks for jobs at least every 30 s, even when nothing wakes it. */
class AwakeWorker extends Worker<JobPayload> {
  override get maximumBlockTimeout(): number {
    return Math.min(super.maximumBlockTimeout, LONGEST_WAIT_S);
  }
}

/** Pauses that double while they follow each other, from half a second up to 30 s. */
class Pauses {
  private last = 0;
  private endsAt = 0;

  next(): number {
    const now = performance.now();
    const fresh = now > this.endsAt + LAST_PAUSE_MS;
    this.last = fresh ? FIRST_PAUSE_MS : Math.min(2 * this.last, LAST_PAUSE_MS);
    this.endsAt = now + this.last;
    return this.last;
  }
}

/** Hides that BullMQ has different types for its two backends. */
function backendOf(
  settings: Settings,
  migrate: boolean,
  ofRedis: { enableOfflineQueue?: boolean } = {},
): { connection: ConnectionOptions; backend: undefined } {
  if (settings.redisUrl !== undefined) {
    const connection = { url: settings.redisUrl, maxRetriesPerRequest: null, ...ofRedis };
    return { connection, backend: undefined };
  }
  const connection = {
    ...connectionOptions(settings.databaseUrl as string, 'seats (queue)'),
    connectionTimeoutMillis: CONNECT_MS,
    migrate,
    max: 4,
  };
  return { connection, backend: createPostgresBackend as never };
}

/** Limits the time of a command, which would wait indefinitely for an unreachable Redis. */
async function inTime<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the queue does not answer')), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Disconnects without waiting, because the disconnection can hang like the close. */
function leave(end: Queue | Worker): void {
  end.disconnect().catch(warn);
}

function warn(error: Error): void {
  Logger.warn(error.message || String(error), 'Queue');
}
