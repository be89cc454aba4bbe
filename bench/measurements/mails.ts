/* Invitations that one worker mails to a local SMTP sink. */
import { text } from '../lib/numbers.ts';
import { stop } from '../lib/processes.ts';
import { watch } from '../lib/progress.ts';
import { startRedis } from '../lib/redis.ts';
import type { Section } from '../lib/report.ts';
import { startSink } from '../sinks/sink.ts';
import type { Bench } from './measurement.ts';

export function mails(bench: Bench): Promise<Section> {
  return bench.inWorld(async (world) => {
    const count = world.plan.mails;
    const api = await world.service();
    await world.assignMany(api, { prefix: 'mailed', count, mail: true });
    await stop(api.process);
    await world.postgres.settle(world.plan.quick);
    const redis = await startRedis();
    const sink = await startSink('smtp.ts');
    try {
      const worker = await world.start(['dist/main.js'], {
        APP_ROLE: 'worker',
        SMTP_URL: `smtp://127.0.0.1:${sink.ports[0]}`,
        MAIL_FROM: 'Seats <seats@example.com>',
        ...(redis && { REDIS_URL: redis.url }),
      });
      const { perSecond, cpu } = await watch(worker.pid, count, () => sink.count());
      const queue = redis ? 'Redis' : 'PostgreSQL, because redis-server is not installed';
      return {
        title: 'Mails',
        text:
          `${count.toLocaleString('en')} invitations wait when the worker starts. The queue is on ` +
          `${queue}. The SMTP server accepts every mail at once. Default settings of the worker.`,
        tables: [
          {
            columns: ['', 'CPU of the worker, ms/mail', 'mails/s'],
            rows: [['one worker', text(cpu), text(perSecond)]],
          },
        ],
        figures: [
          {
            what: 'invitations mailed by one worker',
            measured: `${text(perSecond)}/s, ${text(cpu)} ms CPU each`,
            atLeast: '800/s',
            aim: '1,500/s',
          },
        ],
      };
    } finally {
      await stop(sink.process);
      await redis?.close();
    }
  });
}
