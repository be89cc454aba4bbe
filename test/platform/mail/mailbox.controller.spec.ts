import { Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpApp } from '../../../src/http.js';
import { TokenAuthenticator } from '../../../src/organizations/tokens.authenticator.js';
import { readSettings } from '../../../src/platform/config.js';
import { createLogger } from '../../../src/platform/logger.js';
import { MailModule } from '../../../src/platform/mail/mail.module.js';
import { MailboxModule } from '../../../src/platform/mail/mailbox.module.js';
import { Mailer } from '../../../src/platform/mail/mailer.js';
import { PlatformModule } from '../../../src/platform/platform.module.js';
import { SessionAuthenticator } from '../../../src/portal/sessions.authenticator.js';

@Module({})
class TestModule {}

const PRODUCTION = {
  NODE_ENV: 'production',
  SECRET_KEYS: 'a-key-of-the-tests-that-is-long-enough',
  MAIL_FROM: 'seats@example.com',
};

describe('the mailbox page', () => {
  let app: NestFastifyApplication;

  async function start(env: Record<string, string> = {}) {
    // Nothing here asks the database.
    const database = { DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' };
    const settings = readSettings({ ...database, LOG_LEVEL: 'silent', ...env });
    const root = {
      module: TestModule,
      imports: [PlatformModule.with(settings), MailModule, MailboxModule.with(settings)],
      providers: [TokenAuthenticator, SessionAuthenticator],
    };
    app = await createHttpApp(root, settings, createLogger(settings.logLevel));
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

  it('lists mails, with everything in them escaped', async () => {
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

  it('says so when there is none', async () => {
    await start();
    expect((await get('/dev/mailbox')).body).toContain('No mail yet.');
  });

  it('shows the HTML of a mail in a frame that can run nothing', async () => {
    await start();
    await send('<html><head></head><body><a href="https://x.example">x</a></body></html>');
    expect((await get('/dev/mailbox')).body).toContain('src="/dev/mailbox/1/html" sandbox="');
    const frame = await get('/dev/mailbox/1/html');
    expect(frame.body).toContain('<base target="_blank">');
    const policy = String(frame.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toMatch(/sandbox allow-popups allow-popups-to-escape-sandbox$/);
  });

  it.each(['2', '0', 'x', '%00'])('has no mail %s', async (id) => {
    await start();
    await send('x');
    expect((await get(`/dev/mailbox/${id}/html`)).statusCode).toBe(404);
  });

  it('is there as JSON for scripts', async () => {
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
    ['where mails are sent', { SMTP_URL: 'smtp://127.0.0.1:1' }],
  ])('does not exist %s', async (_, env) => {
    await start(env);
    for (const url of ['/dev/mailbox', '/dev/mailbox.json', '/dev/mailbox/1/html']) {
      expect((await get(url)).statusCode).toBe(404);
    }
  });
});
