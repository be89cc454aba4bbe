import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { readSettings } from '../../../src/platform/settings.js';
import { MailModule } from '../../../src/platform/mail/mail.module.js';
import { MailboxModule } from '../../../src/platform/mail/mailbox.module.js';
import { Mailer } from '../../../src/platform/mail/mailer.js';
import { httpAppOf } from '../../support/http-app.js';

const PRODUCTION = {
  NODE_ENV: 'production',
  SECRET_KEYS: 'a-key-of-the-tests-that-is-long-enough',
  MAIL_FROM: 'seats@example.com',
  PUBLIC_URL: 'https://seats.example.com',
};

describe('the mailbox page', () => {
  let app: NestFastifyApplication;

  async function start(env: Record<string, string> = {}) {
    // These tests never connect to the database.
    const database = { DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' };
    const settings = readSettings({ ...database, LOG_LEVEL: 'silent', ...env });
    app = await httpAppOf(settings, { imports: [MailModule, MailboxModule.with(settings)] });
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
  }
  const send = (html: string, text = 'text') =>
    app.get(Mailer).send({
      to: 'ada@example.com',
      subject: '<script>alert(1)</script>',
      html,
      text,
      messageId: '<1@example.com>',
    });
  const get = (url: string) => app.inject({ method: 'GET', url });

  afterEach(() => app.close());

  it('lists mails and escapes everything in them', async () => {
    await start();
    await send('<p>x</p>', 'go to https://seats.example.com/claim?token=a&b=c now');
    const page = await get('/dev/mailbox');
    expect(page.statusCode).toBe(200);
    expect(page.body).not.toContain('<script');
    expect(page.body).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page.body).toContain(
      '<a href="https://seats.example.com/claim?token=a&amp;b=c" target="_blank"',
    );
  });

  it('says that there is no mail yet', async () => {
    await start();
    expect((await get('/dev/mailbox')).body).toContain('No mail yet.');
  });

  it('shows the HTML of a mail in a frame that cannot run scripts', async () => {
    await start();
    await send('<html><head></head><body><a href="https://x.example">x</a></body></html>');
    expect((await get('/dev/mailbox')).body).toContain('src="/dev/mailbox/1/html" sandbox="');
    const frame = await get('/dev/mailbox/1/html');
    expect(frame.body).toContain('<base target="_blank">');
    const policy = String(frame.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toMatch(/sandbox allow-popups allow-popups-to-escape-sandbox$/);
  });

  it.each(['2', '0', 'x', '%00'])('answers 404 for an unknown mail: %s', async (id) => {
    await start();
    await send('x');
    expect((await get(`/dev/mailbox/${id}/html`)).statusCode).toBe(404);
  });

  it('is also available as JSON', async () => {
    await start();
    await send('<p>x</p>');
    const answer = await get('/dev/mailbox.json');
    expect(answer.json()).toEqual([
      {
        id: 1,
        to: 'ada@example.com',
        from: 'Seats <seats@localhost>',
        reply_to: null,
        subject: '<script>alert(1)</script>',
        text: 'text',
        html: '<p>x</p>',
        message_id: '<1@example.com>',
        created_at: expect.stringMatching(/^\d{4}-.*Z$/),
      },
    ]);
  });

  it.each([
    ['in production', { ...PRODUCTION, APP_ROLE: 'api' }],
    ['when SMTP_URL is set', { SMTP_URL: 'smtp://127.0.0.1:1' }],
  ])('does not exist %s', async (_, env) => {
    await start(env);
    for (const url of ['/dev/mailbox', '/dev/mailbox.json', '/dev/mailbox/1/html']) {
      expect((await get(url)).statusCode).toBe(404);
    }
  });
});
