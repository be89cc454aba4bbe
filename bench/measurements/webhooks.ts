/* Webhook deliveries by one worker that finds a backlog, for one endpoint and for many. */
import { text } from '../lib/numbers.ts';
import { stop } from '../lib/processes.ts';
import { type Progress, watch } from '../lib/progress.ts';
import type { Section } from '../lib/report.ts';
import type { World } from '../lib/world.ts';
import { startSink } from '../sinks/sink.ts';
import type { Bench } from './measurement.ts';

const MANY = 50;
// Receivers on the loopback interface need plain http, which production does not allow.
const ENV = { NODE_ENV: 'test', WEBHOOK_ALLOW_PRIVATE: 'true' };
// A share of the backlog is enough to measure the rate while most of it still waits.
const SHARE = 0.2;

export async function webhooks(bench: Bench): Promise<Section> {
  const one = await bench.inWorld((world) => workOff(world, 1));
  const many = await bench.inWorld((world) => workOff(world, MANY));
  const { waiting } = bench.plan;
  return {
    title: 'Webhooks',
    text:
      `${waiting.toLocaleString('en')} messages wait when the worker starts, for one endpoint or ` +
      `spread over ${MANY}. The receivers answer at once, in one process.`,
    tables: [
      {
        columns: ['endpoints', 'CPU of the worker, ms/delivery', 'deliveries/s'],
        rows: [
          ['1', text(one.cpu), text(one.perSecond)],
          [String(MANY), text(many.cpu), text(many.perSecond)],
        ],
      },
    ],
    figures: [
      {
        what: `webhook deliveries by one worker to one healthy endpoint / to ${MANY}, with ${waiting.toLocaleString('en')} waiting`,
        measured: `${text(one.perSecond)}/s / ${text(many.perSecond)}/s, ${text(one.cpu)} / ${text(many.cpu)} ms CPU each`,
        atLeast: '600/s / 800/s',
        aim: '1,000/s / 1,500/s',
      },
    ],
  };
}

async function workOff(world: World, endpoints: number): Promise<Progress> {
  const { waiting } = world.plan;
  const sink = await startSink('webhooks.ts', String(endpoints));
  try {
    // With HOLD_OUTBOX a worker turns the events into messages and sends none.
    const holding = await world.service({ ...ENV, APP_ROLE: 'all', HOLD_OUTBOX: 'true' });
    for (const port of sink.ports) {
      await world.call(holding, 'webhooks/endpoints', { url: `http://127.0.0.1:${port}/hooks` });
    }
    const events = Math.ceil(waiting / endpoints);
    await world.assignMany(holding, { prefix: 'hooked', count: events, mail: false });
    await watch(holding.pid, events * endpoints, async () => {
      const [row] = await world.query<{ count: number }>(
        'SELECT count(*)::int AS count FROM webhook_messages',
      );
      return row?.count ?? 0;
    });
    await stop(holding.process);
    await world.postgres.settle(world.plan.quick);
    const worker = await world.start(['dist/main.js'], { ...ENV, APP_ROLE: 'worker' });
    return await watch(worker.pid, Math.ceil(waiting * SHARE), () => sink.count());
  } finally {
    await stop(sink.process);
  }
}
