import { Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpApp } from '../../src/http.js';
import { ClaimController } from '../../src/invitations/claim.controller.js';
import { type ClaimInfo, Claims } from '../../src/invitations/claims.js';
import { TokenAuthenticator } from '../../src/organizations/tokens.authenticator.js';
import { readSettings } from '../../src/platform/config.js';
import { Database, sql } from '../../src/platform/database/database.js';
import { defineError, ResourceNotFound } from '../../src/platform/errors.js';
import { createLogger } from '../../src/platform/logger.js';
import { PlatformModule } from '../../src/platform/platform.module.js';
import { SessionAuthenticator } from '../../src/portal/sessions.authenticator.js';
import { logOf } from '../platform/log.js';

const TOKEN = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ';
const SESSION = 'seat_mst_the-session-token-of-the-person';
const SCRIPT = '<script>alert(1)</script>';
const InvalidInvitationToken = defineError(400, 'InvalidInvitationToken', 'Used.');
const SeatNotAvailable = defineError(400, 'SeatNotAvailable', 'Not active.');

/** One invitation, which can be claimed once. */
class OneInvitation extends Claims {
  claims: [string, string | null][] = [];
  seat: Partial<ClaimInfo> = {};
  failure: Error | undefined;

  override async info(token: string): Promise<ClaimInfo> {
    if (token !== TOKEN || this.claims.length > 0) throw new ResourceNotFound();
    return {
      product_name: 'Acme Pro',
      product_id: 'p',
      organization_name: 'Acme',
      organization_slug: 'acme',
      customer_email: 'ada@example.com',
      can_claim: true,
      locale: 'en',
      brand: {},
      ...this.seat,
    };
  }

  override async claim(token: string, requestId: string | null) {
    if (this.failure) throw this.failure;
    this.claims.push([token, requestId]);
    return { seat: {}, customer_session_token: SESSION };
  }
}

describe('the claim page', () => {
  let app: NestFastifyApplication;
  let claims: OneInvitation;

  beforeEach(async () => {
    claims = new OneInvitation();
    const settings = readSettings({
      // Nothing here asks the database.
      DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
      LOG_LEVEL: 'silent',
    });
    @Module({
      imports: [PlatformModule.with(settings)],
      controllers: [ClaimController],
      providers: [{ provide: Claims, useValue: claims }, TokenAuthenticator, SessionAuthenticator],
    })
    class TestModule {}
    app = await createHttpApp(TestModule, settings, createLogger(settings.logLevel));
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
  });
  afterEach(() => app.close());

  const open = (query = `?token=${TOKEN}`, headers = {}) =>
    app.inject({ method: 'GET', url: `/claim${query}`, headers });
  const press = (payload = `token=${TOKEN}`, headers = {}) =>
    app.inject({
      method: 'POST',
      url: '/claim',
      payload,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    });
  const titleOf = (page: { body: string }) => /<h1>(.*?)<\/h1>/.exec(page.body)?.[1];

  it('shows what is offered, by whom and to whom, and a button', async () => {
    const page = await open();
    expect(page.statusCode).toBe(200);
    expect(titleOf(page)).toBe('Your seat for Acme Pro');
    expect(page.body).toContain('Acme has reserved a seat for you.');
    expect(page.body).toContain('<dd>ada@example.com</dd>');
    expect(page.body).toContain('<form method="post" action="/claim">');
    expect(page.body).toContain(`name="token" value="${TOKEN}"`);
  });

  it('claims nothing when it is fetched', async () => {
    await open();
    await app.inject({ method: 'HEAD', url: `/claim?token=${TOKEN}` });
    expect(claims.claims).toEqual([]);
  });

  it('claims when the button is pressed, and says so', async () => {
    const page = await press(undefined, { 'x-request-id': 'r-1' });
    expect(claims.claims).toEqual([[TOKEN, 'r-1']]);
    expect(page.statusCode).toBe(200);
    expect(titleOf(page)).toBe('The seat is yours');
    expect(page.body).toContain('role="status"');
  });

  it('keeps the session token and the invitation to itself', async () => {
    const page = await press();
    expect(page.body + JSON.stringify(page.headers)).not.toContain(SESSION);
    expect(page.body + JSON.stringify(page.headers)).not.toContain(TOKEN);
  });

  it.each([
    ['unknown', `?token=${TOKEN}x`],
    ['missing', ''],
    ['empty', '?token='],
    ['given twice', `?token=${TOKEN}&token=${TOKEN}`],
    ['no token at all', '?token=%00%3Cscript%3E'],
  ])('says what to do about a link whose token is %s', async (_, query) => {
    const page = await open(query);
    expect(page.statusCode).toBe(404);
    expect(titleOf(page)).toBe('This link does not work any more');
    expect(page.body).toContain('ask the person who invited you');
    expect(page.body).not.toContain('<form');
  });

  it.each([
    ['without a token', ''],
    ['with an unknown one', `token=${TOKEN}x`],
  ])('answers a form %s as it does a dead link', async (_, payload) => {
    expect((await press(payload)).body).toBe((await open('')).body);
  });

  it('answers the second press as it does a dead link', async () => {
    await press();
    const page = await press();
    expect(page.statusCode).toBe(404);
    expect(page.body).toContain('Have you claimed your seat already? Then you are done.');
  });

  it('answers who lost a race as it does a dead link', async () => {
    claims.failure = new InvalidInvitationToken();
    expect((await press()).statusCode).toBe(404);
  });

  it('does not offer what cannot be claimed now', async () => {
    claims.seat = { can_claim: false };
    const page = await open();
    expect(page.statusCode).toBe(200);
    expect(titleOf(page)).toBe('This seat cannot be claimed right now');
    expect(page.body).not.toContain('<form');
  });

  it('says so when the seat cannot be claimed any more at the press', async () => {
    claims.failure = new SeatNotAvailable();
    const page = await press();
    expect(page.statusCode).toBe(400);
    expect(titleOf(page)).toBe('This seat cannot be claimed right now');
  });

  it('is still a page when we fail, and tells nothing of the inside', async () => {
    claims.failure = new Error('relation "seats" does not exist');
    const page = await press();
    expect(page.statusCode).toBe(500);
    expect(titleOf(page)).toBe('That did not work');
    expect(page.body).not.toContain('relation');
  });

  it('leaves our failure in the log, under the id of the request, and the token nowhere', async () => {
    const log = logOf(app);
    claims.failure = new Error('relation "seats" does not exist');
    await press(undefined, { 'x-request-id': 'r-1' });
    await open(undefined, { 'x-request-id': 'r-1' });
    const failures = log.map((line) => JSON.parse(line)).filter(({ level }) => level === 'error');
    expect(failures).toEqual([
      expect.objectContaining({
        request_id: 'r-1',
        err: expect.objectContaining({ message: 'relation "seats" does not exist' }),
      }),
    ]);
    expect(log.join()).not.toContain(TOKEN);
  });

  it('leaves what is no failure of ours out of the log', async () => {
    const log = logOf(app);
    await open(`?token=${TOKEN}x`);
    expect(log.map((line) => JSON.parse(line).level)).toEqual(['info']);
  });

  it('is a 503 while the database is down', async () => {
    const query = app.get(Database).query(sql`SELECT 1`);
    claims.failure = await query.then(
      () => undefined,
      (error: Error) => error,
    );
    const page = await press();
    expect([page.statusCode, titleOf(page)]).toEqual([503, 'That did not work']);
    expect(page.headers['retry-after']).toMatch(/^\d+$/);
  });

  it.each([
    ['en', 'Claim your seat'],
    ['de', 'Platz annehmen'],
    ['fr', 'Accepter la place'],
    ['es', 'Aceptar la plaza'],
  ])("speaks the organization's language, %s", async (locale, button) => {
    claims.seat = { locale };
    const page = await open(undefined, { 'accept-language': 'it' });
    expect(page.body).toContain(`<html lang="${locale}">`);
    expect(page.body).toContain(button);
  });

  it("speaks the browser's language where there is no organization", async () => {
    const page = await open('', { 'accept-language': 'it-IT,fr-CH;q=0.8,en;q=0.5' });
    expect(page.body).toContain('<html lang="fr">');
  });

  it('escapes every name', async () => {
    claims.seat = {
      product_name: SCRIPT,
      organization_name: SCRIPT,
      customer_email: `"${SCRIPT}"@example.com`,
      brand: { color: `#fff</style>${SCRIPT}`, logo_url: 'javascript:alert(1)' },
    };
    expect((await open()).body).not.toMatch(/<script|javascript:/);
    expect((await press()).body).not.toMatch(/<script|javascript:/);
  });

  it('allows nothing but its own styles and the logo', async () => {
    claims.seat = { brand: { color: '#0f766e', logo_url: 'https://cdn.example.com/a/logo.png' } };
    const { headers, body } = await open();
    const policy = String(headers['content-security-policy']);
    expect(policy.replace(/'sha256-[^']+'/g, 'HASH')).toBe(
      "default-src 'none'; style-src HASH HASH HASH; img-src https://cdn.example.com; " +
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    expect(body).not.toMatch(/ style="|<script| on\w+="/);
  });

  it('tells nobody its address, and is kept by no cache and no search engine', async () => {
    expect((await open()).headers).toMatchObject({
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-robots-tag': 'noindex',
      'cache-control': 'private, no-store',
      'content-type': 'text/html; charset=utf-8',
    });
  });

  it('is a page also beyond the limit of public routes, which looks and presses share', async () => {
    for (let visit = 0; visit < 30; visit += 1) {
      expect((await open()).statusCode).toBe(200);
      expect((await press('')).statusCode).toBe(404);
    }
    for (const page of [await open(), await press()]) {
      expect([page.statusCode, titleOf(page)]).toEqual([429, 'One moment, please']);
      expect(page.headers['retry-after']).toMatch(/^\d+$/);
      expect(page.headers['ratelimit']).toContain('r=0');
    }
    expect(claims.claims).toEqual([]);
  });
});
