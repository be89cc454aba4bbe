import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ClaimPageController } from '../../src/claim-page/claim-page.controller.js';
import { Database, sql } from '../../src/platform/database/database.js';
import { readSettings } from '../../src/platform/settings.js';
import type { ClaimInfo } from '../../src/seats/claim/claim.service.js';
import { ClaimTokens } from '../../src/seats/claim/claim-tokens.js';
import { InvalidInvitationToken, SeatNotAvailable } from '../../src/seats/seats.errors.js';
import { SeatsService } from '../../src/seats/seats.service.js';
import { httpAppOf } from '../support/http-app.js';
import { logOf } from '../platform/log.js';

const TOKEN = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ';
const SEAT_ID = 'f6a9a1a8-30a9-4b5c-8d3c-7e8f5f8c9d10';
const SESSION = 'seat_mst_the-session-token-of-the-person';
const SCRIPT = '<script>alert(1)</script>';

/** A SeatsService with one invitation, which can be claimed once. */
class FakeSeatsService {
  claims: [string, string | null][] = [];
  info: Partial<ClaimInfo> = {};
  failure: Error | undefined;

  async findInvitations(tokens: string[]): Promise<Map<string, object>> {
    const good = tokens.filter((token) => token === TOKEN && this.claims.length === 0);
    return new Map(good.map((token) => [token, { seat_id: SEAT_ID }]));
  }

  claimInfo(): ClaimInfo {
    return {
      product_name: 'Acme Pro',
      product_id: 'p',
      organization_name: 'Acme',
      organization_slug: 'acme',
      customer_email: 'ada@example.com',
      can_claim: true,
      locale: 'en',
      brand: {},
      ...this.info,
    };
  }

  async claim({ seat_id }: { seat_id: string }, requestId: string | null) {
    if (this.failure) throw this.failure;
    this.claims.push([seat_id, requestId]);
    return { seat: {}, customer_session_token: SESSION };
  }
}

describe('The claim page', () => {
  let app: NestFastifyApplication;
  let seats: FakeSeatsService;

  beforeEach(async () => {
    seats = new FakeSeatsService();
    const settings = readSettings({
      // The tests need no database.
      DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
      LOG_LEVEL: 'silent',
      RATE_LIMIT_PUBLIC: '30',
    });
    app = await httpAppOf(settings, {
      controllers: [ClaimPageController],
      providers: [ClaimTokens, { provide: SeatsService, useValue: seats }],
    });
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
  });
  afterEach(() => app.close());

  const open = (query = `?token=${TOKEN}`, headers = {}) =>
    app.inject({ method: 'GET', url: `/claim${query}`, headers });
  const claim = (payload = `token=${TOKEN}`, headers = {}) =>
    app.inject({
      method: 'POST',
      url: '/claim',
      payload,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    });
  const titleOf = (page: { body: string }) => /<h1>(.*?)<\/h1>/.exec(page.body)?.[1];

  it('An invitation shows the product, the organization, the person and a button', async () => {
    const page = await open();
    expect(page.statusCode).toBe(200);
    expect(titleOf(page)).toBe('Your seat for Acme Pro');
    expect(page.body).toContain('Acme has reserved a seat for you.');
    expect(page.body).toContain('<dd>ada@example.com</dd>');
    expect(page.body).toContain('<form method="post" action="/claim">');
    expect(page.body).toContain(`name="token" value="${TOKEN}"`);
  });

  it('A GET or HEAD request does not claim the seat', async () => {
    await open();
    await app.inject({ method: 'HEAD', url: `/claim?token=${TOKEN}` });
    expect(seats.claims).toEqual([]);
  });

  it('The button claims the seat and shows the result', async () => {
    const page = await claim(undefined, { 'x-request-id': 'r-1' });
    expect(seats.claims).toEqual([[SEAT_ID, 'r-1']]);
    expect(page.statusCode).toBe(200);
    expect(titleOf(page)).toBe('The seat is yours');
    expect(page.body).toContain('role="status"');
  });

  it('The page after a claim contains neither the session token nor the invitation token', async () => {
    const page = await claim();
    expect(page.body + JSON.stringify(page.headers)).not.toContain(SESSION);
    expect(page.body + JSON.stringify(page.headers)).not.toContain(TOKEN);
  });

  it.each([
    ['unknown', `?token=${TOKEN}x`],
    ['missing', ''],
    ['empty', '?token='],
    ['given twice', `?token=${TOKEN}&token=${TOKEN}`],
    ['malformed', '?token=%00%3Cscript%3E'],
  ])('A link whose token is %s shows the dead-link page', async (_, query) => {
    const page = await open(query);
    expect(page.statusCode).toBe(404);
    expect(titleOf(page)).toBe('This link does not work any more');
    expect(page.body).toContain('ask the person who invited you');
    expect(page.body).not.toContain('<form');
  });

  it.each([
    ['without a token', ''],
    ['with an unknown token', `token=${TOKEN}x`],
  ])('A form %s shows the dead-link page', async (_, payload) => {
    expect((await claim(payload)).body).toBe((await open('')).body);
  });

  it('A second claim shows the dead-link page', async () => {
    await claim();
    const page = await claim();
    expect(page.statusCode).toBe(404);
    expect(page.body).toContain('Have you claimed your seat already? Then you are done.');
  });

  it('The loser of two concurrent claims sees the dead-link page', async () => {
    seats.failure = new InvalidInvitationToken();
    expect((await claim()).statusCode).toBe(404);
  });

  it('A seat that cannot be claimed right now has no button', async () => {
    seats.info = { can_claim: false };
    const page = await open();
    expect(page.statusCode).toBe(200);
    expect(titleOf(page)).toBe('This seat cannot be claimed right now');
    expect(page.body).not.toContain('<form');
  });

  it('A claim of a seat that has become unavailable shows the reason', async () => {
    seats.failure = new SeatNotAvailable();
    const page = await claim();
    expect(page.statusCode).toBe(400);
    expect(titleOf(page)).toBe('This seat cannot be claimed right now');
  });

  it('An internal error shows a page without details', async () => {
    seats.failure = new Error('relation "seats" does not exist');
    const page = await claim();
    expect(page.statusCode).toBe(500);
    expect(titleOf(page)).toBe('That did not work');
    expect(page.body).not.toContain('relation');
  });

  it('The log of an internal error contains the request id, but not the token', async () => {
    const log = logOf(app);
    seats.failure = new Error('relation "seats" does not exist');
    await claim(undefined, { 'x-request-id': 'r-1' });
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

  it('The log contains no error for a dead link', async () => {
    const log = logOf(app);
    await open(`?token=${TOKEN}x`);
    expect(log.map((line) => JSON.parse(line).level)).toEqual(['info']);
  });

  it('While the database is down, a claim shows a 503 page', async () => {
    const query = app.get(Database).query(sql`SELECT 1`);
    seats.failure = await query.then(
      () => undefined,
      (error: Error) => error,
    );
    const page = await claim();
    expect([page.statusCode, titleOf(page)]).toEqual([503, 'That did not work']);
    expect(page.headers['retry-after']).toMatch(/^\d+$/);
  });

  it.each([
    ['en', 'Claim your seat'],
    ['de', 'Platz annehmen'],
    ['fr', 'Accepter la place'],
    ['es', 'Aceptar la plaza'],
  ])('The page uses the organization’s locale %s', async (locale, button) => {
    seats.info = { locale };
    const page = await open(undefined, { 'accept-language': 'it' });
    expect(page.body).toContain(`<html lang="${locale}">`);
    expect(page.body).toContain(button);
  });

  it('The dead-link page uses the language of the browser', async () => {
    const page = await open('', { 'accept-language': 'it-IT,fr-CH;q=0.8,en;q=0.5' });
    expect(page.body).toContain('<html lang="fr">');
  });

  it('Names, e-mails and the brand are escaped', async () => {
    seats.info = {
      product_name: SCRIPT,
      organization_name: SCRIPT,
      customer_email: `"${SCRIPT}"@example.com`,
      brand: { color: `#fff</style>${SCRIPT}`, logo_url: 'javascript:alert(1)' },
    };
    expect((await open()).body).not.toMatch(/<script|javascript:/);
    expect((await claim()).body).not.toMatch(/<script|javascript:/);
  });

  it('The content security policy allows only the page’s own styles and the logo', async () => {
    seats.info = { brand: { color: '#0f766e', logo_url: 'https://cdn.example.com/a/logo.png' } };
    const { headers, body } = await open();
    const policy = String(headers['content-security-policy']);
    expect(policy.replace(/'sha256-[^']+'/g, 'HASH')).toBe(
      "default-src 'none'; style-src HASH HASH HASH; img-src https://cdn.example.com; " +
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    expect(body).not.toMatch(/ style="|<script| on\w+="/);
  });

  it('The headers forbid referrers, caches and search engines', async () => {
    expect((await open()).headers).toMatchObject({
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-robots-tag': 'noindex',
      'cache-control': 'private, no-store',
      'content-type': 'text/html; charset=utf-8',
    });
  });

  it('A client over the rate limit gets a 429 page; GET and POST share the limit', async () => {
    for (let count = 0; count < 15; count += 1) {
      expect((await open()).statusCode).toBe(200);
      expect((await claim('')).statusCode).toBe(404);
    }
    for (const page of [await open(), await claim()]) {
      expect([page.statusCode, titleOf(page)]).toEqual([429, 'One moment, please']);
      expect(page.headers['retry-after']).toMatch(/^\d+$/);
      expect(page.headers['ratelimit']).toContain('r=0');
    }
    expect(seats.claims).toEqual([]);
  });

  it('The 21st wrong token gets a 429 page, and a good one still shows its invitation', async () => {
    for (let count = 0; count < 20; count += 1) {
      expect((await open(`?token=${TOKEN}${count}`)).statusCode).toBe(404);
    }
    const page = await open(`?token=${TOKEN}x`);
    expect([page.statusCode, titleOf(page)]).toEqual([429, 'One moment, please']);
    expect((await open()).statusCode).toBe(200);
    expect((await claim()).statusCode).toBe(200);
  });
});
