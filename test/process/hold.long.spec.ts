import { assign, newEmail } from '../seats/fixtures.js';
import { startApp, type TestApp } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { ensureBuild, ServiceProcess } from '../support/processes.js';
import { type Inbox, startInbox } from '../support/smtp.js';
import { Receiver } from '../webhooks/receiver.js';

let api: TestApp;
let inbox: Inbox;
let receiver: Receiver;

beforeAll(async () => {
  ensureBuild();
  [api, inbox, receiver] = await Promise.all([
    startApp({ WEBHOOK_ALLOW_PRIVATE: 'true' }),
    startInbox(),
    Receiver.start(),
  ]);
}, 120_000);
afterAll(() => Promise.all([api.close(), inbox.close(), receiver.close()]));

describe('a worker with HOLD_OUTBOX', () => {
  it('sends no mail and no webhook, says so, and a worker without it sends them', async () => {
    const env = {
      DATABASE_URL: api.database.url,
      APP_ROLE: 'worker',
      SMTP_URL: inbox.url,
      WEBHOOK_ALLOW_PRIVATE: 'true',
    };
    const tenant = await api.tenant();
    await tenant.create('webhooks/endpoints', { url: receiver.url });
    const { id } = await tenant.subscription(1);
    const email = newEmail();
    await assign(tenant, { subscription_id: id, email });

    const holding = await ServiceProcess.start({ ...env, HOLD_OUTBOX: 'true' });
    const undispatched = 'SELECT FROM outbox';
    await eventually('all events are dispatched', async () => {
      return (await api.database.sql(undispatched)).length === 0;
    });
    const readiness = await fetch(`${holding.url}/health/ready`);
    expect(readiness.status).toBe(200);
    expect(await readiness.json()).toMatchObject({ checks: { outbox: 'held' } });
    expect(holding.stdout).toContain('HOLD_OUTBOX is set: no mails and no webhooks leave.');
    await holding.stop();
    // No effect was queued, and no message was leased.
    const taken = `
      SELECT enqueued_at AS at FROM effects UNION ALL SELECT leased_until FROM webhook_messages`;
    expect(await api.database.sql(taken)).toEqual([{ at: null }, { at: null }]);
    expect([inbox.mails.length, receiver.deliveries.length]).toEqual([0, 0]);

    const sending = await ServiceProcess.start(env);
    await eventually('the mail arrives', () => inbox.to(email).length === 1);
    await eventually('the webhook arrives', () => receiver.types.length === 1);
    await sending.stop();
  }, 180_000);
});
