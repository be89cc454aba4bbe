import { Processor } from '../../src/effects/processor.js';
import { type Mailbox, Mailer } from '../../src/platform/mail/mailer.js';
import { renderEndpointDisabled } from '../../src/webhooks/endpoint-disabled.mail.js';
import { DISABLED } from '../../src/webhooks/webhook.js';
import { assign, endpoint, startWebhooks, type Webhooks } from './fixtures.js';
import { answer, Receiver } from './receiver.js';

let service: Webhooks;
let receiver: Receiver;
beforeAll(async () => {
  service = await startWebhooks();
  receiver = await Receiver.start();
  receiver.reply = answer(410);
});
afterAll(async () => {
  await receiver.close();
  await service.closeAll();
});

/** Disables an endpoint and runs the effects. @returns the outcome of the mail. */
async function disable(settings: object): Promise<string> {
  const tenant = await service.tenant();
  await tenant.call('PATCH', '/v1/organization', { body: { settings } });
  await endpoint(tenant, receiver.url);
  await assign(tenant);
  await service.send();
  await service.relay();
  const [effect] = await service.database.sql(
    `SELECT f.event_id FROM effects f JOIN events e ON e.id = f.event_id
     WHERE f.effect = 'endpoint-disabled-mail' AND e.organization_id = $1`,
    [tenant.id],
  );
  const { event_id } = effect as { event_id: string };
  await service.worker.app.get(Processor).process('endpoint-disabled-mail', { event_id });
  const [done] = await service.database.sql(
    `SELECT outcome FROM effects WHERE event_id = $1 AND effect = 'endpoint-disabled-mail'`,
    [event_id],
  );
  return done?.['outcome'];
}

const mails = () => service.worker.app.get<Mailbox>(Mailer).list();

describe('a disabled endpoint', () => {
  it('is reported to the organization’s reply address, in its language', async () => {
    expect(await disable({ reply_to: 'ops@acme.example', locale: 'de' })).toBe('sent');
    const [mail] = mails();
    expect(mail).toMatchObject({
      to: 'ops@acme.example',
      subject: 'Ein Webhook-Endpunkt wurde abgeschaltet',
    });
    expect(mail?.text).toContain(receiver.url);
    expect(mail?.text).toContain('410');
  });

  it('is not reported without a reply address', async () => {
    const before = mails().length;
    expect(await disable({ locale: 'en' })).toBe('no address');
    expect(mails()).toHaveLength(before);
  });
});

describe('the mail', () => {
  const MAIL = {
    locale: 'en',
    organizationName: 'Acme <b>& Co',
    url: 'https://shop.example.com/?a=1&b="><script>',
    reason: DISABLED.failing,
    disabledAt: new Date('2026-01-02T03:04:05Z'),
  };

  it.each([
    ['en', '5 days'],
    ['de-AT', '5 Tagen'],
    ['fr', '5 jours'],
    ['es', '5 días'],
    ['pt', '5 days'],
  ])('in %s tells the reason', (locale, words) => {
    const { html, text } = renderEndpointDisabled({ ...MAIL, locale });
    expect(text).toContain(words);
    expect(html).toContain(words);
  });

  it('escapes text from users', () => {
    const { html, text } = renderEndpointDisabled(MAIL);
    expect(html).not.toMatch(/<b>|<script>/);
    expect(text).toContain(MAIL.url);
  });
});
