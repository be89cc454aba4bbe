import { jest } from '@jest/globals';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { Shutdown } from '../../src/boot/shutdown.js';
import { startServer } from '../../src/boot/server.js';
import { createLogger } from '../../src/platform/logger.js';
import { ClaimStreams } from '../../src/seats/claim/claim-streams.js';
import { testSettings } from '../support/app.js';
import { testDatabase } from '../support/database.js';

const logger = createLogger('silent');

afterEach(() => jest.restoreAllMocks());

describe('a shutdown', () => {
  it('runs every step in reverse order even if some fail, and reports which ones failed', async () => {
    const said = jest.spyOn(logger, 'error');
    const shutdown = new Shutdown(logger);
    const run: string[] = [];
    const step = (name: string, failure?: Error) =>
      shutdown.add(name, async () => {
        run.push(name);
        if (failure) throw failure;
      });
    step('database');
    step('application', new Error('no'));
    step('requests');
    shutdown.add('streams', () => {
      run.push('streams');
      throw new Error('at once');
    });
    await expect(shutdown.run()).rejects.toThrow('streams, application');
    expect(run).toEqual(['streams', 'requests', 'application', 'database']);
    expect(said.mock.calls.map(([fields]) => fields)).toEqual([
      expect.objectContaining({ step: 'streams' }),
      expect.objectContaining({ step: 'application' }),
    ]);
  });

  it('runs only once, even if it is requested several times', async () => {
    const shutdown = new Shutdown(logger);
    const ends = Promise.withResolvers<void>();
    const step = jest.fn(() => ends.promise);
    shutdown.add('a step', step);
    const both = Promise.all([shutdown.run(), shutdown.run()]);
    ends.resolve();
    await both;
    expect(step).toHaveBeenCalledTimes(1);
  });
});

it('a server stops no matter what happens to its streams', async () => {
  const database = await testDatabase();
  const settings = testSettings({ DATABASE_URL: database.url, PORT: '0' });
  const server = await startServer(settings, logger);
  jest.spyOn(ClaimStreams.prototype, 'endAll').mockImplementationOnce(() => {
    throw new Error('no');
  });
  await expect(server.stop()).rejects.toThrow('claim streams');
  // Its port is free, and it has left the database.
  const listener = createServer().listen(server.settings.port, '127.0.0.1');
  await once(listener, 'listening');
  listener.close();
  const sessions = await database.sql(
    `SELECT application_name FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE 'seats%'`,
  );
  expect(sessions).toEqual([]);
  await database.drop();
});
