import { randomUUID } from 'node:crypto';
import { linkIn, tokenOf } from '../../examples/storefront/storefront.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { createTenant, freePort, type RunningService, startService } from '../support/process.js';
import { describeWith } from '../support/programs.js';
import { RedisServer } from '../support/redis.js';
import { dumpDatabase, leaks } from '../support/secrets.js';
import { type Inbox, startInbox } from '../support/smtp.js';
import { assignAll, call, playStorefront, sellSeats, type Secrets } from '../support/story.js';

/*
 * A deployment as in production: the API and the worker are separate processes, with PostgreSQL,
 * Redis and an SMTP server.
 */
describeWith('redis-server', 'a deployment with Redis and SMTP', (program) => {
  const secrets: Secrets = { 'access token': [], 'invitation token': [], 'session token': [] };
  const processes: RunningService[] = [];
  let database: TestDatabase;
  let redis: RedisServer;
  let inbox: Inbox;
  let env: Record<string, string>;
  let api: RunningService;
  let worker: RunningService;
  let token: string;

  const start = async (role: string, more: Record<string, string> = {}) => {
    const service = await startService({ ...env, APP_ROLE: role, ...more });
    processes.push(service);
    return service;
  };

  beforeAll(async () => {
    [database, redis, inbox] = await Promise.all([
      testDatabase(),
      RedisServer.start(program),
      startInbox(),
    ]);
    const port = String(await freePort());
    env = {
      NODE_ENV: 'production',
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      SMTP_URL: inbox.url,
      MAIL_FROM: 'Seats <seats@example.com>',
      PUBLIC_URL: `http://localhost:${port}`,
      // A production process must not print the demo and its token; the last test checks the logs.
      DEMO: 'true',
      SECRET_KEYS: 'a key that only this journey uses',
    };
    api = await start('api', { PORT: port });
    worker = await start('worker');
    ({ token } = await createTenant('acme', env));
    secrets['access token'].push(token);
  }, 120_000);

  afterAll(async () => {
    await Promise.all(processes.map((service) => service.kill()));
    await redis?.kill();
    await inbox?.close();
    await database?.drop();
  });

  const links = async (email: string) => inbox.to(email).map((mail) => linkIn(mail.text));
  const crowdOf = (size: number) => {
    const name = randomUUID().slice(0, 8);
    return Array.from({ length: size }, (_, n) => `${name}-${n}@example.com`);
  };
  const mailsTo = (people: string[]) => inbox.mails.filter((mail) => people.includes(mail.to));

  it('assigns, mails, claims, resends, revokes and lists seats with both Polar clients', async () => {
    const story = await playStorefront(api.url, token, links, secrets);
    expect(story.match(/claimed {3}seat/g)).toHaveLength(4);
    expect(story.match(/3 of 5 seats are free/g)).toHaveLength(2);
    expect(story.match(/access .*: (yes|no)/g)?.map((line) => line.slice(-3))).toEqual([
      ...['yes', ' no', 'yes', ' no'],
    ]);
  }, 60_000);

  it('lets a person claim the seat on the page that the mail links to', async () => {
    const subscription = await sellSeats(api.url, token, 1);
    await assignAll(api.url, token, subscription, ['form@example.com']);
    const link = await eventually('the mail', async () => (await links('form@example.com'))[0]);
    const page = await (await fetch(link)).text();
    expect(page).toContain('form@example.com');
    const body = new URLSearchParams({ token: tokenOf(link) });
    const claimed = await fetch(link.split('?')[0] as string, { method: 'POST', body });
    expect(claimed.status).toBe(200);
    const path = `/v1/customer-seats?subscription_id=${subscription}`;
    const list = await call(api.url, token, 'GET', path);
    expect(list.body.seats).toEqual([expect.objectContaining({ status: 'claimed' })]);
  });

  it('mails exactly the 50 people who got a seat when 200 are assigned at once', async () => {
    const crowd = crowdOf(200);
    const subscription = await sellSeats(api.url, token, 50);
    const statuses = await assignAll(api.url, token, subscription, crowd);
    expect(statuses.filter((status) => status === 200)).toHaveLength(50);
    expect(statuses.filter((status) => status === 400)).toHaveLength(150);

    await eventually('50 mails', () => mailsTo(crowd).length >= 50);
    const seated = crowd.filter((_, index) => statuses[index] === 200);
    expect(
      mailsTo(crowd)
        .map((mail) => mail.to)
        .sort(),
    ).toEqual(seated.sort());
  }, 60_000);

  it('assigns without a worker, and sends each mail once when a worker is back', async () => {
    expect(await worker.stop()).toBe(0);
    const people = crowdOf(3);
    const subscription = await sellSeats(api.url, token, 3);
    expect(await assignAll(api.url, token, subscription, people)).toEqual([200, 200, 200]);
    expect(mailsTo(people)).toEqual([]);

    worker = await start('worker');
    await eventually('3 mails', () => mailsTo(people).length >= 3);
    await eventually('all work done', () => allDone(people));
    expect(mailsTo(people)).toHaveLength(3);
  }, 60_000);

  it('loses no mail when a worker is killed in the middle of 50', async () => {
    await worker.stop();
    const people = crowdOf(50);
    const subscription = await sellSeats(api.url, token, 50);
    await assignAll(api.url, token, subscription, people);

    const doomed = await start('worker', { WORKER_CONCURRENCY: '5' });
    await new Promise<void>((resolve) => {
      inbox.onMail = () => {
        if (mailsTo(people).length === 20) void doomed.kill().then(resolve);
      };
    });
    inbox.onMail = () => undefined;
    expect(await allDone(people)).toBe(false);

    worker = await start('worker');
    await eventually('all work done', () => allDone(people), 60);
    const mails = mailsTo(people);
    expect(new Set(mails.map((mail) => mail.to))).toEqual(new Set(people));
    // Mails that were being sent at the kill may arrive twice, but with the same Message-ID.
    const ids = new Set(mails.map((mail) => `${mail.to} ${mail.messageId}`));
    expect(ids.size).toBe(50);
    expect(new Set(mails.map((mail) => mail.messageId)).size).toBe(50);
  }, 120_000);

  /** Whether all effects of these people's seats are done. */
  async function allDone(people: string[]): Promise<boolean> {
    const open = await database.sql(
      `SELECT FROM events e JOIN seats s ON s.id = e.seat_id
       LEFT JOIN effects f ON f.event_id = e.id
       WHERE s.email = ANY($1) AND e.invites AND f.done_at IS NULL`,
      [people],
    );
    return open.length === 0;
  }

  it('leaves no token in plain text in the database, in Redis or in any log', async () => {
    for (const mail of inbox.mails) secrets['invitation token'].push(tokenOf(linkIn(mail.text)));
    const places = {
      'the database': await dumpDatabase(database.sql),
      Redis: await redis.dump(),
      'the logs': processes.map((service) => service.output()).join('\n'),
    };
    expect(secrets['invitation token'].length).toBeGreaterThan(100);
    expect(secrets['session token'].length).toBe(4);
    expect(places['the database']).toContain('form@example.com');
    expect(places.Redis).toContain('bull:effects');
    expect(places['the logs']).toContain('/v1/customer-seats/claim');
    expect(leaks(places, secrets)).toEqual([]);
    expect(places['the logs']).not.toMatch(/seat_oat_|Seats is running/);
  });
});
