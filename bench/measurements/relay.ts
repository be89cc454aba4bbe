/* The outbox relay: events that have no effect, and events with a mail each. */
import { text } from '../lib/numbers.ts';
import { type Server, stop } from '../lib/processes.ts';
import { type Progress, watch } from '../lib/progress.ts';
import { startRedis } from '../lib/redis.ts';
import type { Section } from '../lib/report.ts';
import type { World } from '../lib/world.ts';
import { startSink } from '../sinks/sink.ts';
import type { Bench } from './measurement.ts';

/** Counts the events that the relay has not dispatched yet. */
const UNDISPATCHED = 'SELECT count(*)::int AS count FROM outbox';

export async function relay(bench: Bench): Promise<Section> {
  const [quiet, mailed] = await bench.inWorld(async (world) => {
    const api = await world.service();
    return [await withoutEffects(world, api), await withMails(world, api)];
  });
  const rows = [['without effects', text(quiet.cpu), text(quiet.perSecond)]];
  if (mailed) rows.push(['with a mail each', text(mailed.cpu), text(mailed.perSecond)]);
  return {
    title: 'Outbox relay',
    text:
      `${bench.plan.waiting.toLocaleString('en')} events wait when the worker starts. Without ` +
      'effects, the time ends when they are dispatched. With a mail each, it ends when a job for ' +
      'each is in the queue on Redis. The mail server hangs meanwhile, so that no mail takes CPU.',
    tables: [{ columns: ['', 'CPU of the worker, ms/event', 'events/s'], rows }],
    skipped: mailed ? [] : ['events with a mail each: redis-server is not installed.'],
    figures: [
      {
        what: 'outbox relay, events/s without effects / with a mail each',
        measured: `${text(quiet.perSecond)}/s / ${text(mailed?.perSecond ?? NaN)}/s`,
        atLeast: '10,000/s / 2,000/s',
        aim: '20,000/s / 5,000/s',
      },
    ],
  };
}

async function withoutEffects(world: World, api: Server): Promise<Progress> {
  const total = await writeEvents(world, api, false);
  const worker = await world.start(['dist/main.js'], {
    APP_ROLE: 'worker',
    SMTP_URL: 'smtp://127.0.0.1:9',
    MAIL_FROM: 'Seats <seats@example.com>',
  });
  const progress = await watch(worker.pid, total, async () => {
    const [row] = await world.query<{ count: number }>(UNDISPATCHED);
    return total - (row?.count ?? total);
  });
  await stop(worker.process);
  return progress;
}

async function withMails(world: World, api: Server): Promise<Progress | undefined> {
  const redis = await startRedis();
  if (redis === undefined) return undefined;
  const sink = await startSink('smtp.ts', 'silent');
  try {
    const total = await writeEvents(world, api, true);
    const worker = await world.start(['dist/main.js'], {
      APP_ROLE: 'worker',
      WORKER_CONCURRENCY: '1',
      SMTP_URL: `smtp://127.0.0.1:${sink.ports[0]}`,
      MAIL_FROM: 'Seats <seats@example.com>',
      REDIS_URL: redis.url,
    });
    // Each job is a key of Redis. A worker that waits for the mail server would stop slowly.
    const progress = await watch(worker.pid, total, () => redis.keys());
    worker.process.kill('SIGKILL');
    return progress;
  } finally {
    await stop(sink.process);
    await redis.close();
  }
}

async function writeEvents(world: World, api: Server, mail: boolean): Promise<number> {
  const total = world.plan.waiting;
  await world.assignMany(api, { prefix: mail ? 'mailed' : 'quiet', count: total, mail });
  await world.postgres.settle(world.plan.quick);
  return total;
}
