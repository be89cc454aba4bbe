import { Database } from '../../../src/platform/database/database.js';
import { WakeUpListener, WakeUps } from '../../../src/platform/outbox/wake-ups.js';
import { testSettings } from '../../support/app.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';

describe('the notifications for workers', () => {
  let target: TestDatabase;
  let database: Database;
  let wakeUps: WakeUps;
  let listener: WakeUpListener;
  let heard: number;

  beforeEach(async () => {
    target = await testDatabase();
    const settings = testSettings({ DATABASE_URL: target.url });
    database = new Database(settings);
    wakeUps = new WakeUps(database);
    heard = 0;
    listener = new WakeUpListener(settings, () => void (heard += 1));
    listener.start();
    await eventually('the first connection', () => heard === 1);
  });
  afterEach(async () => {
    await listener.stop();
    await wakeUps.onModuleDestroy();
    await database.onApplicationShutdown();
    await target.drop();
  });

  it('are one for many writes, and the last one is sent before the process ends', async () => {
    for (let n = 0; n < 10; n += 1) wakeUps.request();
    await wakeUps.onModuleDestroy();
    await eventually('the notification', () => heard === 2);
    wakeUps.request();
    await wakeUps.onModuleDestroy();
    expect(heard).toBe(2);
  });

  it('are received again after a reconnect, and the reconnect itself counts as one', async () => {
    await target.sql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'seats (wake-ups)'`,
    );
    await eventually('the second connection', () => heard === 2);
    expect(listener.isConnected).toBe(true);
    wakeUps.request();
    await eventually('the notification', () => heard === 3);
  });
});
