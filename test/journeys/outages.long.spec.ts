import type { AddressInfo } from 'node:net';
import { linkIn, tokenOf } from '../../examples/storefront/storefront.js';
import { JobQueue, QueueHealth } from '../../src/platform/queue/queue.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { describeWith } from '../support/programs.js';
import { RedisServer } from '../support/redis.js';
import { dumpDatabase, leaks } from '../support/secrets.js';
import { type Inbox, startInbox } from '../support/smtp.js';
import { assignAll } from '../support/story.js';
import { startWorker, type TestWorker } from '../support/worker.js';

/*
 * Every assign that is answered with 200 is mailed in the end, whatever fails in between. The tests
 * run the parts of the worker by hand, so that something fails at an exact moment.
 */

// The relay requeues an effect that has been open for more than two minutes.
const STALE_SECONDS = 121;
// Puts the events that invite back into the outbox.
const AGAIN = `INSERT INTO outbox (position, event_id, numbered)
  SELECT position, id, true FROM events WHERE invites ON CONFLICT DO NOTHING`;

let app: TestApp;
let inbox: Inbox;
let worker: TestWorker;
let tenant: Tenant;
let url: string;

/** Assigns a seat of a new subscription to each of these people. */
async function assign(...people: string[]): Promise<void> {
  const subscription = await tenant.subscription(people.length);
  const statuses = await assignAll(url, tenant.token, subscription.id, people);
  expect(statuses).toEqual(people.map(() => 200));
}

const mailed = (...people: string[]) =>
  inbox.mails.map((mail) => mail.to).filter((to) => people.includes(to));

/** Resolves when all effects are done. */
const allDone = () =>
  eventually('all effects are done', async () => {
    const open = await app.database.sql('SELECT FROM effects WHERE done_at IS NULL');
    return open.length === 0;
  });

async function startAll(env: Record<string, string>): Promise<void> {
  inbox = await startInbox();
  app = await startApp({ ...env, RATE_LIMIT_TOKEN: '6000' });
  await app.app.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${(app.app.getHttpServer().address() as AddressInfo).port}`;
  tenant = await app.tenant();
}

async function stopAll(): Promise<void> {
  await app?.close();
  await inbox?.close();
}

const newWorker = async (env: Record<string, string>) => {
  worker = await startWorker({ DATABASE_URL: app.database.url, SMTP_URL: inbox.url, ...env });
};

/** The tests that both queues must pass. `dump` returns everything that the queue holds. */
function testQueue(env: () => Record<string, string>, dump: () => Promise<string>): void {
  beforeEach(() => newWorker(env()));
  afterEach(() => worker.close());

  it('assigns while no worker runs, and sends one mail when a worker starts', async () => {
    await assign('early@example.com');
    expect(mailed('early@example.com')).toEqual([]);
    worker.start();
    await eventually('the mail', () => mailed('early@example.com').length > 0);
    await allDone();
    expect(mailed('early@example.com')).toHaveLength(1);
  });

  it('sends one mail when the mail server accepts it only at the second attempt', async () => {
    let refused = 0;
    inbox.refusal = (address) => {
      if (address !== 'busy@example.com' || refused > 0) return undefined;
      refused += 1;
      return { code: 450, text: `4.2.0 <${address}>: Try again later` };
    };
    await assign('busy@example.com');
    worker.start();
    const failed = await eventually('the failure', async () => {
      const text = await dump();
      return text.includes('Try again later') && text;
    });
    expect(failed).not.toContain('busy@example.com');
    await eventually('the mail', () => mailed('busy@example.com').length > 0);
    await allDone();
    expect([refused, mailed('busy@example.com').length]).toEqual([1, 1]);
    await eventually('the queue is empty', async () => !(await dump()).includes('"event_id'));
  });

  it('sends one mail when the relay queues it twice', async () => {
    await assign('twice@example.com');
    expect(await worker.relay.runOnce()).toBeGreaterThan(0);
    await app.database.sql(AGAIN);
    expect(await worker.relay.runOnce()).toBeGreaterThan(0);
    worker.work();
    await allDone();
    await app.database.sql(AGAIN);
    await worker.relay.runOnce();
    // Once a later mail has passed through the same queue, the earlier jobs are done.
    await assign('after@example.com');
    await worker.relay.runOnce();
    await eventually('the later mail', () => mailed('after@example.com').length > 0);
    expect(mailed('twice@example.com')).toHaveLength(1);
  });
}

describe('the service with its queue in PostgreSQL', () => {
  beforeAll(() => startAll({}));
  afterAll(stopAll);
  testQueue(
    () => ({}),
    () => dumpDatabase(app.database.sql, 'bullmq'),
  );
});

describeWith('redis-server', 'the service with its queue in Redis', (program) => {
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await RedisServer.start(program);
    await startAll({ REDIS_URL: redis.url });
  }, 60_000);
  afterAll(async () => {
    await stopAll();
    await redis?.kill();
  });
  testQueue(
    () => ({ REDIS_URL: redis.url }),
    () => redis.dump(),
  );

  describe('when Redis fails', () => {
    it('assigns while Redis is down, and sends each mail once when it is back', async () => {
      worker.start();
      const queue = worker.app.get(QueueHealth);
      await queue.check();
      await redis.kill();
      await expect(queue.check()).rejects.toThrow();
      await assign('dark@example.com', 'gloom@example.com');
      expect(mailed('dark@example.com', 'gloom@example.com')).toEqual([]);

      await redis.start();
      await eventually(
        'the mails',
        () => mailed('dark@example.com', 'gloom@example.com').length > 1,
        30,
      );
      await allDone();
      await queue.check();
      expect(mailed('dark@example.com', 'gloom@example.com')).toHaveLength(2);
    }, 60_000);

    it('keeps no job in memory that it could not queue', async () => {
      const queue = worker.app.get(JobQueue);
      const job = { name: 'invitation-mail', id: 'a-lost-job', payload: { event_id: '' } };
      await queue.check();
      await redis.kill();
      await expect(queue.add([job])).rejects.toThrow();
      await redis.start();
      await eventually('the queue', () =>
        queue.add([{ ...job, id: 'a-later-job' }]).then(
          () => true,
          () => false,
        ),
      );
      expect(await redis.dump()).toContain('a-later-job');
      expect(await redis.dump()).not.toContain('a-lost-job');
      await redis.wipe();
    });

    it('sends one mail when its job was wiped from the queue', async () => {
      await assign('wiped@example.com');
      await worker.relay.runOnce();
      expect(await redis.dump()).toContain('invitation-mail-');
      await redis.wipe();
      expect(await redis.dump()).toBe('');

      worker.work();
      expect(await worker.relay.runOnce()).toBe(0);
      worker.clock.advance(STALE_SECONDS);
      expect(await worker.relay.runOnce()).toBe(1);
      await allDone();
      expect(mailed('wiped@example.com')).toHaveLength(1);
    });
  });

  it('stores no token in Redis or the database while jobs wait', async () => {
    await assign('waiting@example.com');
    await worker.relay.runOnce();
    const places = {
      Redis: await redis.dump(),
      'the database': await dumpDatabase(app.database.sql),
    };
    expect(places.Redis).toContain('invitation-mail-');
    worker.work();
    await allDone();
    const [mail] = inbox.to('waiting@example.com');
    const token = tokenOf(linkIn(mail?.text ?? ''));
    expect(leaks(places, { 'invitation token': [token] })).toEqual([]);
  });
});
