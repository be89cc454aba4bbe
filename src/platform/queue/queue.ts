import { Injectable, Logger } from '@nestjs/common';
import {
  type ConnectionOptions,
  createPostgresBackend,
  type JobsOptions,
  Queue,
  Worker,
} from 'bullmq';
import { Settings } from '../config.js';

const QUEUE = 'effects';
const CHECK_MS = 2_000;
const ADD_MS = 10_000;
// A mail in hand has its 10 s; the process as a whole has 25 s to stop.
const CLOSE_MS = 8_000;
// A worker that dies leaves jobs in hand. The others look for such jobs this often, and take one
// over when they have seen it twice without its lock being renewed: half a minute at the most. A
// worker that only hung may then do the job as well, which is harmless.
const LOCK_MS = 10_000;
const LOOK_FOR_STALLED_MS = 5_000;

/** What a job carries: an id. Whatever else it needs, its handler reads from the database. */
export interface JobPayload {
  event_id: string;
}

export interface NewJob {
  name: string;
  /** A job whose id is in the queue already is not added again. No colon, not all digits. */
  id: string;
  payload: JobPayload;
}

const FIRST_RETRY_MS = 5_000;
const LAST_RETRY_MS = 15 * 60_000;

// Tried again until its handler has done it or gives it up. The number is only an end to that which
// must be named: it is not reached in a week. A finished job leaves at once: its receipt is kept.
const JOB: JobsOptions = {
  attempts: 1_000,
  backoff: { type: 'custom' },
  removeOnComplete: true,
  removeOnFail: true,
};

/**
 * Milliseconds until the next try: twice as long each time, up to a quarter of an hour, each up to
 * a third shorter, so that what failed together is not tried together.
 * @param attempt the try that failed, from 1. @param random from 0 to 1.
 */
export function retryDelay(attempt: number, random: number): number {
  const delay = Math.min(FIRST_RETRY_MS * 2 ** (attempt - 1), LAST_RETRY_MS);
  return Math.round(delay * (1 - random / 3));
}

/** Whether the queue can be reached, for the readiness probe. */
export abstract class QueueHealth {
  /** @throws when it does not answer within two seconds. */
  abstract check(): Promise<void>;
}

/** BullMQ: on Redis when there is one, else on its own PostgreSQL backend, in the schema `bullmq`. */
@Injectable()
export class JobQueue extends QueueHealth {
  private readonly queue: Queue<JobPayload>;
  private worker: Worker<JobPayload> | undefined;

  constructor(private readonly settings: Settings) {
    super();
    // What cannot be added now is not kept in memory: the relay comes again with it.
    const { connection, backend } = backendOf(settings, { enableOfflineQueue: false });
    this.queue = new Queue(QUEUE, { connection }, backend);
    this.queue.on('error', (error) => warn(error));
  }

  /** @throws when the queue cannot be reached in time; then none or some were added. */
  async add(jobs: NewJob[]): Promise<void> {
    await inTime(
      ADD_MS,
      this.queue.addBulk(
        jobs.map(({ name, id, payload }) => ({ name, data: payload, opts: { ...JOB, jobId: id } })),
      ),
    );
  }

  /** Starts taking jobs. A handler that throws is called again later. */
  work(handle: (name: string, payload: JobPayload) => Promise<void>): void {
    const { connection, backend } = backendOf(this.settings);
    const options = {
      connection,
      concurrency: this.settings.workerConcurrency,
      lockDuration: LOCK_MS,
      stalledInterval: LOOK_FOR_STALLED_MS,
      settings: { backoffStrategy: (attempt: number) => retryDelay(attempt, Math.random()) },
    };
    this.worker = new Worker(QUEUE, (job) => handle(job.name, job.data), options, backend);
    this.worker.on('error', (error) => warn(error));
    this.worker.on('failed', (job, error) =>
      Logger.warn(`${job?.name} of event ${job?.data.event_id} failed: ${error.message}`, 'Queue'),
    );
  }

  override async check(): Promise<void> {
    await inTime(CHECK_MS, this.queue.getJobCounts('waiting'));
  }

  /**
   * Lets the jobs in hand finish, takes no new ones. A queue that is down cannot be told; then it is
   * left, and what was in hand comes again.
   */
  async close(): Promise<void> {
    const ends = [this.worker, this.queue].filter((each) => each !== undefined);
    await Promise.all(
      ends.map((each) => inTime(CLOSE_MS, each.close()).catch(() => void each.disconnect())),
    );
  }
}

/** BullMQ types its two backends apart; from here on they are one. */
function backendOf(
  settings: Settings,
  ofRedis: { enableOfflineQueue?: boolean } = {},
): { connection: ConnectionOptions; backend: undefined } {
  if (settings.redisUrl !== undefined) {
    const connection = { url: settings.redisUrl, maxRetriesPerRequest: null, ...ofRedis };
    return { connection, backend: undefined };
  }
  const connection = { connectionString: settings.databaseUrl, migrate: true, max: 4 };
  return { connection, backend: createPostgresBackend as never };
}

/** An unreachable Redis would make a command wait for ever. */
async function inTime<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the queue does not answer')), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function warn(error: Error): void {
  Logger.warn(error.message || String(error), 'Queue');
}
