import { randomBytes } from 'node:crypto';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Worker } from 'bullmq';
import { checkQueue, StartupError } from '../../../src/boot/preflight.js';
import { JobQueue } from '../../../src/platform/queue/queue.js';
import { testSettings } from '../../support/app.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { eventually } from '../../support/eventually.js';
import { ensureBuild, ServiceProcess } from '../../support/processes.js';

let database: TestDatabase;
let proxy: TcpProxy;
/** The address of the database behind the proxy. */
let url: string;
let warnings: jest.Spied<typeof Logger.warn>;
const queues: JobQueue[] = [];

beforeEach(async () => {
  warnings = jest.spyOn(Logger, 'warn').mockReturnValue();
  database = await testDatabase();
  const address = new URL(database.url);
  proxy = new TcpProxy(Number(address.port));
  await proxy.open();
  address.port = String(proxy.port);
  url = address.href;
});
afterEach(async () => {
  await Promise.all(queues.splice(0).map((queue) => queue.close()));
  await proxy.cut();
  await database.drop();
  jest.restoreAllMocks();
});

/** A queue, with the ids of the events whose jobs have run. */
function startQueue(databaseUrl = url, env: Record<string, string> = {}) {
  const settings = { APP_ROLE: 'worker', DATABASE_URL: databaseUrl, ...env };
  const queue = new JobQueue(testSettings(settings));
  queues.push(queue);
  const done: string[] = [];
  queue.work(async (_, { event_id }) => void done.push(event_id));
  const add = (id: string) =>
    queue.add([{ name: 'invitation-mail', id: `job-${id}`, payload: { event_id: id } }]);
  return { queue, done, add };
}

/** Repeats `work` until it succeeds. */
const eventuallyDone = (what: string, work: () => Promise<void>) =>
  eventually(what, () =>
    work().then(
      () => true,
      () => false,
    ),
  );

describe('a queue in PostgreSQL', () => {
  it('works after its first connections were refused', async () => {
    await proxy.cut();
    const { queue, done, add } = startQueue();
    await expect(queue.check()).rejects.toThrow();
    await eventually('the worker was refused', () => warnings.mock.calls.length > 0);
    await proxy.open();
    await eventuallyDone('the job is added', () => add('a'));
    await eventually('the job has run', () => done.includes('a'));
  });

  it('works again after the server was away', async () => {
    const { queue, done, add } = startQueue();
    await eventuallyDone('the first job is added', () => add('a'));
    await eventually('the first job has run', () => done.includes('a'));
    await proxy.cut();
    await expect(queue.check()).rejects.toThrow();
    await proxy.open();
    await eventuallyDone('the second job is added', () => add('b'));
    await eventually('the second job has run', () => done.includes('b'));
  });

  it('runs at most as many jobs per second as SMTP_RATE_LIMIT allows, over all workers', async () => {
    const [one, two] = [1, 2].map(() => startQueue(url, { SMTP_RATE_LIMIT: '2' }));
    await eventuallyDone('the queue can be used', async () => one?.queue.check());
    const begun = Date.now();
    for (const id of ['a', 'b', 'c']) await one?.add(id);
    const done = () => [one, two].flatMap((each) => each?.done ?? []).sort();
    await eventually('all jobs have run', () => done().length === 3);
    expect(done()).toEqual(['a', 'b', 'c']);
    // The third job has to wait for the end of the second in which the first two were taken.
    expect(Date.now() - begun).toBeGreaterThanOrEqual(1_000);
  });

  it('pauses its worker after an error, and continues when the cause is gone', async () => {
    const pause = jest.spyOn(Worker.prototype, 'pause');
    const { done, add } = startQueue();
    await eventuallyDone('the first job is added', () => add('a'));
    await eventually('the first job has run', () => done.includes('a'));
    await database.sql('ALTER TABLE bullmq.job RENAME TO away');
    await eventually('the worker pauses', () => pause.mock.calls.length > 0, 30);
    await database.sql('ALTER TABLE bullmq.away RENAME TO job');
    await eventuallyDone('the second job is added', () => add('b'));
    await eventually('the second job has run', () => done.includes('b'), 60);
  }, 120_000);

  it('closes while the server refuses connections', async () => {
    await proxy.cut();
    const { queue } = startQueue();
    await eventually('the worker was refused', () => warnings.mock.calls.length > 0);
    await queue.close();
  });
});

describe('the user of the database', () => {
  const role = `role_${randomBytes(6).toString('hex')}`;
  let ofRole: string;

  beforeEach(async () => {
    const { pathname } = new URL(database.url);
    await database.sql(`CREATE ROLE ${role} LOGIN PASSWORD 'p4ssw0rd'`);
    await database.sql(`REVOKE CREATE ON DATABASE ${pathname.slice(1)} FROM PUBLIC`);
    await database.sql(`GRANT USAGE ON SCHEMA public TO ${role}`);
    await database.sql(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}`);
    await database.sql(`GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${role}`);
    const address = new URL(database.url);
    address.username = role;
    address.password = 'p4ssw0rd';
    ofRole = address.href;
  });
  afterEach(async () => {
    await Promise.all(queues.splice(0).map((queue) => queue.close()));
    await database.sql(`DROP OWNED BY ${role}`);
    await database.sql(`DROP ROLE ${role}`);
  });

  const check = (databaseUrl: string) =>
    checkQueue(testSettings({ APP_ROLE: 'worker', DATABASE_URL: databaseUrl }));

  it('stops the start with one line when it may not create the schema of the queue', async () => {
    ensureBuild();
    const ended = await ServiceProcess.spawn({ DATABASE_URL: ofRole, APP_ROLE: 'worker' }).ended;
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/^DATABASE_URL: its user may not create or use .*CREATE.*\n$/);
    expect(ended.stderr).not.toContain(role);
  }, 120_000);

  it('can use a schema that another user has created', async () => {
    await check(database.url);
    await expect(check(ofRole)).rejects.toThrow(StartupError);
    await database.sql(`GRANT USAGE, CREATE ON SCHEMA bullmq TO ${role}`);
    await database.sql(`GRANT ALL ON ALL TABLES IN SCHEMA bullmq TO ${role}`);
    await database.sql(`GRANT ALL ON ALL SEQUENCES IN SCHEMA bullmq TO ${role}`);
    await check(ofRole);
    const { done, add } = startQueue(ofRole);
    await add('a');
    await eventually('the job has run', () => done.includes('a'));
  });
});

describe('a worker process', () => {
  it('ends at SIGTERM while its queue is unreachable', async () => {
    ensureBuild();
    const service = await ServiceProcess.start({ DATABASE_URL: url, APP_ROLE: 'worker' });
    await proxy.cut();
    await eventually('the queue is unreachable', async () => {
      const answer = await fetch(`${service.url}/health/ready`);
      return answer.status === 503;
    });
    await service.stop('SIGTERM');
  }, 120_000);
});
