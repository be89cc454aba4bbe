import { jest } from '@jest/globals';
import { Retention } from '../../src/effects/retention.js';
import { RetentionRepository } from '../../src/effects/retention.repository.js';
import { Database } from '../../src/platform/database/database.js';
import { TestClock, testSettings } from '../support/app.js';

describe('retention', () => {
  it('deletes every other kind when one fails, and reports the failure', async () => {
    const settings = testSettings({ DATABASE_URL: 'postgresql://127.0.0.1:1/none' });
    const database = new Database(settings);
    const repository = new RetentionRepository(database);
    const others = (['deleteMessages', 'deleteEvents', 'deleteSessions'] as const).map((kind) =>
      jest.spyOn(repository, kind).mockResolvedValue(1),
    );
    jest.spyOn(repository, 'deleteDeliveries').mockRejectedValue(new Error('a lock'));
    const retention = new Retention(repository, new TestClock(), settings);
    await expect(retention.runOnce()).rejects.toThrow('a lock');
    for (const kind of others) expect(kind).toHaveBeenCalledTimes(1);
    await database.onApplicationShutdown();
  });
});
