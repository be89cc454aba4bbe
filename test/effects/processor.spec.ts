import { EffectHandler, type Effect } from '../../src/effects/effects.js';
import { EffectsRepository } from '../../src/effects/effects.repository.js';
import { exactlyOneEach, Processor } from '../../src/effects/processor.js';
import { EventsRepository } from '../../src/events/events.repository.js';
import { assign, claimed, newEmail, resend, revoke, tokenOf } from '../seats/fixtures.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { type Inbox, startInbox } from '../support/smtp.js';
import { startWorker, type TestWorker } from '../support/worker.js';

const MAIL = 'invitation-mail';
const DAYS = 24 * 60 * 60;
const NO_SUCH_USER = { code: 550, text: '5.1.1 No such user here' };
const FULL = { code: 552, text: '5.2.2 Mailbox full of ada@example.com' };
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

  it('accepts one handler for each effect', () => {
    expect([...exactlyOneEach(both).keys()]).toEqual([MAIL, 'endpoint-disabled-mail']);
  });

  it('refuses an effect without a handler, which would be lost', () => {
    expect(() => exactlyOneEach(both.slice(1))).toThrow('invitation-mail has 0 handlers');
  });

  it('refuses an effect with two handlers, which would be done twice', () => {
    expect(() => exactlyOneEach([...both, new Handler(MAIL)])).toThrow('has 2 handlers');
  });
});

/** Does `work` while receipts cannot be written. */
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
    api = await startApp({ RESEND_INTERVAL: '0' });
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

  let tenant: Tenant;
  let subscription: any;
  let seat: any;
  let email: string;
  let event_id: string;
  const sendOf = (id: string) => worker.app.get(Processor).process(MAIL, { event_id: id });
  const send = () => sendOf(event_id);
  const outcomeOf = async (id: string) => {
    const [receipt] = await api.database.sql('SELECT * FROM effects WHERE event_id = $1', [id]);
    return receipt?.['outcome'] as string | null | undefined;
  };
  const outcome = () => outcomeOf(event_id);
  /** The ids of a seat's events, in order. */
  const eventsOf = async (seatId: string): Promise<string[]> => {
    const events = 'SELECT id FROM events WHERE seat_id = $1 ORDER BY position';
    return (await api.database.sql(events, [seatId])).map(({ id }) => id);
  };
  const update = (table: string, change: string, id: string) =>
    api.database.sql(`UPDATE ${table} SET ${change} WHERE id = $1`, [id]);

  beforeEach(async () => {
    inbox.refusal = () => undefined;
    tenant = await api.tenant();
    subscription = await tenant.subscription(2);
    email = newEmail();
    const invitation_expires_in = 30 * DAYS;
    seat = await assign(tenant, { subscription_id: subscription.id, email, invitation_expires_in });
    [event_id = ''] = await eventsOf(seat.id);
    await worker.relay.runOnce();
  });

  it('has the organization’s brand and link, and a Message-ID from its event', async () => {
    const brand = {
      color: '#0f766e',
      logo_url: 'https://acme.example/logo.png',
      support_url: 'https://acme.example/help',
    };
    const claim_url_template = 'https://acme.example/join/{token}?from=mail';
    const settings = { claim_url_template, reply_to: 'help@acme.example', brand, locale: 'de' };
    await tenant.call('PATCH', '/v1/organization', { body: { name: 'Höchst & Co', settings } });
    await update('seats', `invitation_expires_at = '2099-11-23T22:05Z'`, seat.id);
    await send();
    const [mail] = inbox.to(email);
    expect(mail).toMatchObject({
      subject: 'Buyer hat Sie zu Pro eingeladen',
      from: { name: 'Höchst & Co via Seats', address: 'seats@example.com' },
      replyTo: 'help@acme.example',
      messageId: `<${event_id}@example.com>`,
      html: expect.stringContaining('<html lang="de"'),
    });
    const link = `https://acme.example/join/${await tokenOf(api, seat.id)}?from=mail`;
    for (const part of [mail?.text, mail?.html]) {
      expect(part).toContain('Buyer hat Sie eingeladen, Pro zu nutzen.');
      expect(part).toContain(`einen Platz für ${email} reserviert`);
      expect(part).toContain('bis Montag, 23. November 2099 um 22:05 UTC');
      expect(part).toContain(link);
      expect(part).toContain('https://acme.example/help');
    }
    expect(mail?.text).toContain('Höchst & Co');
    expect(mail?.html).toContain('bgcolor="#0f766e"');
    expect(mail?.html).toContain('src="https://acme.example/logo.png"');
  });

  it('links to the claim page by default', async () => {
    await send();
    const [mail] = inbox.to(email);
    const token = await tokenOf(api, seat.id);
    expect(mail?.text).toContain(`http://localhost:3000/claim?token=${token}\n`);
    expect(mail).toMatchObject({ subject: 'Buyer invited you to Pro', replyTo: undefined });
  });

  it('names the e-mail of a buyer who has no name', async () => {
    await update(
      'customers',
      `name = NULL, email = 'grace@acme.example'`,
      subscription.customer_id,
    );
    await send();
    expect(inbox.to(email)[0]?.subject).toBe('grace@acme.example invited you to Pro');
  });

  it.each<[string, () => Promise<unknown>]>([
    ['expired', () => update('seats', 'invitation_expires_at = now()', seat.id)],
    ['been accepted', () => claimed(api, seat)],
    ['been withdrawn', () => revoke(tenant, seat.id)],
  ])('is not sent when it has %s in the meantime', async (_, happen) => {
    await happen();
    await send();
    expect([inbox.to(email).length, await outcome()]).toEqual([0, 'outdated']);
  });

  it('is not sent when a later one has replaced it', async () => {
    await resend(tenant, seat.id);
    await resend(tenant, seat.id);
    await worker.relay.runOnce();
    const events = await eventsOf(seat.id);
    for (const id of events) await sendOf(id);
    expect(await Promise.all(events.map(outcomeOf))).toEqual(['outdated', 'outdated', 'sent']);
    const mails = inbox.to(email);
    expect(mails).toHaveLength(1);
    expect(mails[0]?.text).toContain(`token=${await tokenOf(api, seat.id)}\n`);
  });

  it('is not queued when the caller sends its own mail', async () => {
    const own = { subscription_id: subscription.id, email: newEmail(), send_invitation: false };
    const [event = ''] = await eventsOf((await assign(tenant, own)).id);
    await worker.relay.runOnce();
    await sendOf(event);
    expect([inbox.to(own.email), await outcomeOf(event)]).toEqual([[], undefined]);
  });

  it('is sent once, even if its job runs several times', async () => {
    await send();
    await send();
    expect([inbox.to(email).length, await outcome()]).toEqual([1, 'sent']);
  });

  it('that is sent together with others gets its own content and its own outcome', async () => {
    const other = { subscription_id: subscription.id, email: newEmail() };
    const [event = ''] = await eventsOf((await assign(tenant, other)).id);
    await worker.relay.runOnce();
    inbox.refusal = (address) => (address === other.email ? NO_SUCH_USER : undefined);
    await Promise.all([send(), sendOf(event)]);
    expect([await outcome(), await outcomeOf(event)]).toEqual(['sent', 'bounced']);
    expect(inbox.to(email)[0]?.text).toContain(`token=${await tokenOf(api, seat.id)}\n`);
    expect(inbox.to(other.email)).toEqual([]);
  });

  it('is not sent again when only its receipt could not be written', async () => {
    await expect(refusingWrites(api, () => send())).rejects.toThrow();
    expect([inbox.to(email).length, await outcome()]).toEqual([1, null]);
    await send();
    expect([inbox.to(email).length, await outcome()]).toEqual([1, 'sent']);
  });

  it('is retried while the worker does not know the key of its invitation', async () => {
    await api.database.sql(`UPDATE seats SET invitation_hash = 'of-another-key' WHERE email = $1`, [
      email,
    ]);
    await expect(send()).rejects.toThrow('no key in SECRET_KEYS');
    expect(await outcome()).toBeNull();
  });

  /** The events of the seat about a bounce, as the API shows them. */
  const bounces = async () => {
    const query = `seat_id=${seat.id}&type=customer_seat.invitation_bounced`;
    return (await tenant.call('GET', `/v1/events?${query}`)).body.items;
  };

  it('to an address that does not exist bounces at once, and is not sent again', async () => {
    inbox.refusal = () => NO_SUCH_USER;
    await send();
    inbox.refusal = () => undefined;
    await send();
    expect([inbox.to(email).length, await outcome()]).toEqual([0, 'bounced']);
    await worker.app.get(EventsRepository).number();
    expect(await bounces()).toEqual([
      expect.objectContaining({
        type: 'customer_seat.invitation_bounced',
        actor: { type: 'system', id: null },
        reason: '550 5.1.1',
        seat_id: seat.id,
        data: expect.objectContaining({ id: seat.id, status: 'pending', email }),
      }),
    ]);
  });

  it('that is refused for good is tried three times, with long pauses, before it bounces', async () => {
    inbox.refusal = () => FULL;
    const minutes = (ms: number) => ms * 60_000;
    await expect(send()).rejects.toMatchObject({ ms: minutes(10) });
    await expect(send()).rejects.toMatchObject({ ms: minutes(120) });
    expect(await outcome()).toBeNull();
    await send();
    expect(await outcome()).toBe('bounced');
    await worker.app.get(EventsRepository).number();
    const [bounce, ...others] = await bounces();
    expect(bounce.reason).toBe('552 5.2.2');
    expect(JSON.stringify(bounce)).not.toContain('ada@example.com');
    expect(others).toEqual([]);
  });

  it('bounces once, and not after its seat was revoked', async () => {
    const effects = worker.app.get(EffectsRepository);
    const bounceOf = (id: string) => effects.bounce(id, MAIL, '550', worker.clock.now());
    await bounceOf(event_id);
    await bounceOf(event_id);
    await worker.app.get(EventsRepository).number();
    expect(await bounces()).toHaveLength(1);

    seat = await assign(tenant, { subscription_id: subscription.id, email: newEmail() });
    const [event = ''] = await eventsOf(seat.id);
    await worker.relay.runOnce();
    await revoke(tenant, seat.id);
    await bounceOf(event);
    await worker.app.get(EventsRepository).number();
    expect([await bounces(), await outcomeOf(event)]).toEqual([[], 'bounced']);
  });

  it.each([
    ['busy', BUSY],
    ['not set up for us yet', NO_RELAYING],
    ['not content with our own address', NO_SENDER],
  ])(
    "is retried while the mail server is %s, and the stored error does not contain the recipient's address",
    async (_, no) => {
      inbox.refusal = (address) => ({ ...no, text: `${no.text}: ${address}` });
      await expect(send()).rejects.toThrow('[address]');
      await expect(send()).rejects.not.toThrow(email);
      expect(await outcome()).toBeNull();
      inbox.refusal = () => undefined;
      await send();
      expect([inbox.to(email).length, await outcome()]).toEqual([1, 'sent']);
    },
  );

  it('is given up after five days', async () => {
    inbox.refusal = () => BUSY;
    worker.clock.advance(5 * DAYS - 60);
    await expect(send()).rejects.toThrow();
    worker.clock.advance(60);
    await send();
    expect([inbox.to(email).length, await outcome()]).toEqual([0, 'given up']);
  });
});
