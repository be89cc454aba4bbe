import { setTimeout as sleep } from 'node:timers/promises';
import { startStage, type Stage } from '../crash/stage.js';
import { newEmail } from '../seats/fixtures.js';
import { eventually } from '../support/eventually.js';
import { ensureBuild } from '../support/processes.js';
import { assignAll, sellSeats } from '../support/story.js';

const DOWN_MS = 30_000;
const PAUSE_MS = 250;
const ANSWER_MS = 10_000;

describe('a deployment whose PostgreSQL is gone for 30 seconds', () => {
  let stage: Stage;

  beforeAll(async () => {
    ensureBuild();
    stage = await startStage({ queue: 'postgres' });
  }, 600_000);
  afterAll(() => stage?.close());

  it('answers 503 in time, recovers without a restart, and mails every seat', async () => {
    const { apis, workers, inbox, token } = stage;
    const { url } = apis[0] as { url: string };
    const people = Array.from({ length: 10 }, () => newEmail());
    const subscription = await sellSeats(url, token, 30);
    const started = [...apis, ...workers].map((process) => process.starts);
    expect(new Set(await assignAll(url, token, subscription, people))).toEqual(new Set([200]));

    const outage = stage.postgres.crash(DOWN_MS);
    let over = false;
    void outage.finally(() => (over = true));
    const answers: Response[] = [];
    while (!over) {
      answers.push(
        await fetch(`${url}/v1/customer-seats?subscription_id=${subscription}`, {
          headers: { authorization: `Bearer ${token}` },
          signal: AbortSignal.timeout(ANSWER_MS),
        }),
      );
      await sleep(PAUSE_MS);
    }
    await outage;
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(0);
    expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([503]));
    expect(refused.every(({ headers }) => /^\d+$/.test(headers.get('retry-after') ?? ''))).toBe(
      true,
    );

    await Promise.all([...apis, ...workers].map((process) => process.ready()));
    const later = Array.from({ length: 10 }, () => newEmail());
    expect(new Set(await assignAll(url, token, subscription, later))).toEqual(new Set([200]));
    const mailed = () => new Set(inbox.mails.map(({ to }) => to));
    await eventually(
      'every mail',
      () => [...people, ...later].every((email) => mailed().has(email)),
      120,
    );
    expect([...apis, ...workers].map((process) => process.starts)).toEqual(started);
  }, 600_000);
});
