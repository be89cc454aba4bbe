import { EffectHandler, type Effect } from '../../src/effects/effects.js';
import { exactlyOneEach, Processor } from '../../src/effects/processor.js';
import { assign, newEmail } from '../seats/fixtures.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Inbox, startInbox } from '../support/smtp.js';
import { startWorker, type TestWorker } from '../support/worker.js';

const MAIL = 'invitation-mail';
const DAYS = 24 * 60 * 60;
const NO_SUCH_USER = { code: 550, text: '5.1.1 No such user here' };
const NO_RELAYING = { code: 554, text: '5.7.1 Relay access denied' };
const NO_SENDER = { code: 550, text: '5.1.8 Sender address rejected' };
const BUSY = { code: 450, text: '4.2.0 Try again later' };

class Handler extends EffectHandler {
  constructor(readonly effect: Effect) {
    super();
  }
  handle(): Promise<string> {
    return Promise.resolve('done');
  }
}

describe('the boot check of handlers', () => {
  const both = [new Handler(MAIL), new Handler('endpoint-disabled-mail')];

  test('is content with one for each effect', () => {
    expect([...exactlyOneEach(both).keys()]).toEqual([MAIL, 'endpoint-disabled-mail']);
  });

  test('refuses an effect without a handler, which would be lost', () => {
    expect(() => exactlyOneEach(both.slice(1))).toThrow('invitation-mail has 0 handlers');
  });

  test('refuses an effect with two, which would be done twice', () => {
    expect(() => exactlyOneEach([...both, new Handler(MAIL)])).toThrow('has 2 handlers');
  });
});

/** Does `work` while nobody can write receipts. */
async function refusingWrites(api: TestApp, work: () => Promise<void>): Promise<void> {
  await api.database.sql(`ALTER TABLE effects ADD CONSTRAINT nothing CHECK (false) NOT VALID`);
  try {
    await work();
  } finally {
    await api.database.sql(`ALTER TABLE effects DROP CONSTRAINT nothing`);
  }
}

describe('an invitation mail', () => {
  let api: TestApp;
  let worker: TestWorker;
  let inbox: Inbox;

  beforeAll(async () => {
    api = await startApp();
    inbox = await startInbox();
    worker = await startWorker({
      DATABASE_URL: api.database.url,
      SMTP_URL: inbox.url,
      MAIL_FROM: 'Seats <seats@example.com>',
    });
  });
  afterAll(async () => {
    await worker.close();
    await inbox.close();
    await api.close();
  });

  let email: string;
  let event_id: string;
  const send = () => worker.app.get(Processor).process(MAIL, { event_id });
  const outcome = async () => {
    const [receipt] = await api.database.sql('SELECT * FROM effects WHERE event_id = $1', [
      event_id,
    ]);
    return receipt?.['outcome'] as string | null;
  };

  beforeEach(async () => {
    inbox.refusal = () => undefined;
    const tenant = await api.tenant();
    const { id } = await tenant.subscription(1);
    email = newEmail();
    const invitation_expires_in = 30 * DAYS;
    await assign(tenant, { subscription_id: id, email, invitation_expires_in });
    const [event] = await api.database.sql('SELECT id FROM events WHERE subscription_id = $1', [
      id,
    ]);
    event_id = event?.['id'] as string;
    await worker.relay.runOnce();
  });

  test('is sent once, however often its job comes', async () => {
    await send();
    await send();
    expect([inbox.to(email).length, await outcome()]).toEqual([1, 'sent']);
  });

  test('is not sent again when only its receipt could not be written', async () => {
    await expect(refusingWrites(api, () => send())).rejects.toThrow();
    expect([inbox.to(email).length, await outcome()]).toEqual([1, null]);
    await send();
    expect([inbox.to(email).length, await outcome()]).toEqual([1, 'sent']);
  });

  test('is tried again while the worker does not know the key of its invitation', async () => {
    await api.database.sql(`UPDATE seats SET invitation_hash = 'of-another-key' WHERE email = $1`, [
      email,
    ]);
    await expect(send()).rejects.toThrow('no key in SECRET_KEYS');
    expect(await outcome()).toBeNull();
  });

  test('to an address that the mail server does not know is not tried again', async () => {
    inbox.refusal = () => NO_SUCH_USER;
    await send();
    inbox.refusal = () => undefined;
    await send();
    expect([inbox.to(email).length, await outcome()]).toEqual([0, 'unknown address']);
  });

  test.each([
    ['busy', BUSY],
    ['not set up for us yet', NO_RELAYING],
    ['not content with our own address', NO_SENDER],
  ])('is tried again while the mail server is %s, and its failure names nobody', async (_, no) => {
    inbox.refusal = (address) => ({ ...no, text: `${no.text}: ${address}` });
    await expect(send()).rejects.toThrow('[address]');
    await expect(send()).rejects.not.toThrow(email);
    expect(await outcome()).toBeNull();
    inbox.refusal = () => undefined;
    await send();
    expect([inbox.to(email).length, await outcome()]).toEqual([1, 'sent']);
  });

  test('is given up after five days', async () => {
    inbox.refusal = () => BUSY;
    worker.clock.advance(5 * DAYS - 60);
    await expect(send()).rejects.toThrow();
    worker.clock.advance(60);
    await send();
    expect([inbox.to(email).length, await outcome()]).toEqual([0, 'given up']);
  });
});
