import { randomInt } from 'node:crypto';
import { type Answer, startApp } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { ensureBuild, ServiceProcess } from '../support/processes.js';
import { describeWith } from '../support/programs.js';
import { RedisServer } from '../support/redis.js';
import { assignMany, endpoint } from './fixtures.js';
import { Receiver } from './receiver.js';

const ROUNDS = 10;
const SEATS_A_ROUND = 100;
const TYPE = 'customer_seat.revoked';

beforeAll(() => ensureBuild(), 120_000);

describeWith(
  'redis-server',
  'a worker that is killed ten times, and a Redis that is wiped',
  (program) => {
    it('lose no delivery', async () => {
      const redis = await RedisServer.start(program);
      const app = await startApp({ WEBHOOK_ALLOW_PRIVATE: 'true' });
      const receivers = [await Receiver.start(), await Receiver.start()];
      const env = {
        DATABASE_URL: app.database.url,
        REDIS_URL: redis.url,
        APP_ROLE: 'worker',
        WEBHOOK_ALLOW_PRIVATE: 'true',
      };
      let worker: ServiceProcess | undefined;
      try {
        const tenant = await app.tenant();
        for (const receiver of receivers) {
          receiver.reply = (_, response) => void setTimeout(() => response.end(), randomInt(60));
          await endpoint(tenant, receiver.url, { events: [TYPE] });
        }
        const { id } = await assignMany(tenant, ROUNDS * SEATS_A_ROUND);
        const seats = await tenant.call('GET', `/v1/customer-seats?subscription_id=${id}`);
        const ids: string[] = seats.body.seats.map((seat: { id: string }) => seat.id);

        for (let round = 0; round < ROUNDS; round += 1) {
          worker = await ServiceProcess.start(env);
          const before = receivers[0]?.deliveries.length ?? 0;
          const seat_ids = ids.splice(0, SEATS_A_ROUND);
          const answer: Answer = await tenant.call('POST', '/v1/customer-seats/bulk-revoke', {
            body: { seat_ids },
          });
          expect(answer.body.revoked_count).toBe(SEATS_A_ROUND);
          const enough = before + randomInt(1, SEATS_A_ROUND);
          await eventually(
            'this worker has sent some',
            () => (receivers[0]?.deliveries.length ?? 0) >= enough,
          );
          if (round === ROUNDS / 2) await redis.wipe();
          await worker.stop('SIGKILL');
          // The leases of the dead worker expire.
          await app.database.sql(
            `UPDATE webhook_messages SET leased_until = now() - interval '1 second',
             next_attempt_at = now() - interval '1 second' WHERE leased_until > now()`,
          );
        }
        worker = await ServiceProcess.start(env);
        await eventually(
          'nothing waits any more',
          async () => {
            const [open] = await app.database.sql(
              `SELECT (SELECT count(*) FROM webhook_messages)
               + (SELECT count(*) FROM outbox) AS n`,
            );
            return Number(open?.['n']) === 0;
          },
          90,
        );
        const events = await app.database.sql('SELECT id FROM events WHERE type = $1', [TYPE]);
        const told = events.map((event) => event['id']).sort();
        expect(told).toHaveLength(ROUNDS * SEATS_A_ROUND);
        for (const receiver of receivers) {
          expect([...new Set(receiver.ids)].sort()).toEqual(told);
        }
      } finally {
        await worker?.stop('SIGKILL');
        await Promise.all(receivers.map((receiver) => receiver.close()));
        await app.close();
        await redis.kill();
      }
    }, 300_000);
  },
);
