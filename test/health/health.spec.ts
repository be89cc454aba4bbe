import { jest } from '@jest/globals';
import { Database, sql } from '../../src/platform/database/database.js';
import { DatabaseProbe } from '../../src/platform/database/database-probe.js';
import { startApp, type TestApp } from '../support/app.js';

let api: TestApp;

beforeAll(async () => {
  api = await startApp({ DATABASE_POOL_SIZE: '2' });
});
afterAll(() => api.close());
beforeEach(() => api.clock.advance(2));
afterEach(() => jest.restoreAllMocks());

const ready = () => api.call('GET', '/health/ready');
const metrics = async () => String((await api.call('GET', '/metrics')).body);

describe('readiness', () => {
  it('queries the database at most once per second', async () => {
    const ask = jest.spyOn(DatabaseProbe.prototype, 'ask');
    const answers = await Promise.all(Array.from({ length: 50 }, ready));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    await ready();
    expect(ask).toHaveBeenCalledTimes(1);
    api.clock.advance(1);
    await ready();
    expect(ask).toHaveBeenCalledTimes(2);
  });

  it('returns the same failure to all concurrent callers', async () => {
    const ask = jest.spyOn(DatabaseProbe.prototype, 'ask').mockRejectedValue(new Error('down'));
    const answers = await Promise.all(Array.from({ length: 10 }, ready));
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(503));
    expect(answers[9]?.body.checks).toEqual({ database: 'failed', migrations: 'failed' });
    expect(ask).toHaveBeenCalledTimes(1);
  });

  it('does not wait behind requests that hold every connection', async () => {
    const database = api.app.get(Database);
    const letGo = Promise.withResolvers<void>();
    const held = [1, 2].map(() => {
      const holds = Promise.withResolvers<void>();
      const ended = database.transaction(async () => {
        await database.query(sql`SELECT 1`);
        holds.resolve();
        await letGo.promise;
      });
      return { holds: holds.promise, ended };
    });
    await Promise.all(held.map(({ holds }) => holds));
    const answer = await ready();
    letGo.resolve();
    await Promise.all(held.map(({ ended }) => ended));
    expect([answer.status, answer.body.checks]).toEqual([
      200,
      { database: 'ok', migrations: 'ok' },
    ]);
  });

  it('needs the table of migrations', async () => {
    await api.database.sql('ALTER TABLE _prisma_migrations RENAME TO hidden');
    const answer = await ready();
    await api.database.sql('ALTER TABLE hidden RENAME TO _prisma_migrations');
    expect([answer.status, answer.body.checks]).toEqual([
      503,
      { database: 'ok', migrations: 'failed' },
    ]);
  });
});

describe('metrics', () => {
  it('are written once a second at the most', async () => {
    const before = await metrics();
    await api.call('GET', '/health/live');
    expect(await metrics()).toBe(before);
    api.clock.advance(1);
    expect(await metrics()).not.toBe(before);
  });
});
