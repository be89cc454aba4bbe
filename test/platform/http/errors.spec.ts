import { randomUUID } from 'node:crypto';
import { TokensService } from '../../../src/organizations/tokens.service.js';
import { newToken } from '../../../src/platform/crypto.js';
import { sessionFor } from '../../portal/fixtures.js';
import { errorOf, newEmail, problems, SEATS, UNKNOWN_ID } from '../../seats/fixtures.js';
import { type Answer, startApp, type Tenant, type TestApp } from '../../support/app.js';

const OAT = 'seat_oat_';
const CST = 'seat_cst_';
const ORGANIZATION = '/v1/organization';
const HELD = '/v1/customer-portal/seats/subscriptions';
const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'accept-language': 'de' };

let api: TestApp;
let tenant: Tenant;

beforeAll(async () => {
  api = await startApp({ PUBLIC_URL: 'https://seats.example.com' });
  tenant = await api.tenant();
});
afterAll(() => api?.close());

/** The sentence of an error, whatever its shape: that of the first problem of a 422. */
const sentenceOf = ({ body }: Answer): string =>
  body.error_description ?? (Array.isArray(body.detail) ? body.detail[0].msg : body.detail);

describe('the body of every error', () => {
  it.each<[shape: string, status: number, send: () => Promise<Answer>]>([
    ['the usual shape', 404, () => tenant.call('GET', `${SEATS}/${UNKNOWN_ID}`, withId)],
    ['the shape of a 422', 422, () => tenant.call('POST', SEATS, { ...withId, body: {} })],
    ['the OAuth shape', 401, () => tenant.call('GET', SEATS, { ...withId, token: 'x' })],
    ['an unknown route', 404, () => api.call('GET', '/v1/nothing', withId)],
    ['a URL that cannot be decoded', 404, () => api.call('GET', '/v1/%zz', withId)],
  ])('names the request and the entry of the catalogue: %s', async (_, status, send) => {
    const answer = await send();
    expect(answer).toMatchObject({
      status,
      body: {
        request_id: 'from-the-caller',
        doc_url: `https://seats.example.com/docs/errors#${answer.body.error}`,
      },
    });
  });
  const withId = { headers: { 'x-request-id': 'from-the-caller' } };

  it('is repeated whole by a repeated Idempotency-Key', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const send = () => tenant.call('POST', `${SEATS}/${UNKNOWN_ID}/resend`, { headers });
    const [first, second] = [await send(), await send()];
    expect(first.body.request_id).toBe(first.headers['x-request-id']);
    expect(second.body).toEqual(first.body);
    expect(second.headers['x-request-id']).not.toBe(first.headers['x-request-id']);
  });
});

describe('a 401 says why the token is refused', () => {
  const call = (url: string, token: string) => api.call('GET', url, { token });
  const expiring = async (seconds: number) => {
    const expires_at = new Date(api.clock.now().getTime() + seconds * 1000);
    const input = { name: 'x', scopes: ['organization:read'], expires_at };
    return api.app.get(TokensService).issue(tenant.id, input);
  };
  const session = async () => {
    const { customer_id } = await tenant.subscription(1);
    return sessionFor(tenant, { customer_id });
  };

  it.each<[reason: string, url: string, token: () => string | Promise<string>, sentence: RegExp]>([
    ['cut', ORGANIZATION, () => tenant.token.slice(0, -1), /cut off or mistyped: its checksum/],
    ['mistyped', ORGANIZATION, () => mistyped(tenant.token), /cut off or mistyped: its checksum/],
    ['no token at all', ORGANIZATION, () => 'hello', /not a token of this service.* seat_oat_/],
    ['unknown', ORGANIZATION, () => newToken(OAT), /unknown or was revoked/],
    ['a session', ORGANIZATION, session, /session token of the portal.* seat_oat_/],
    ['a mistyped session', HELD, async () => mistyped(await session()), /cut off or mistyped/],
    ['an unknown session', HELD, () => newToken(CST), /session is unknown or was ended/],
    ['an access token', HELD, () => tenant.token, /access token of an organization.* seat_cst_/],
  ])('%s', async (_, url, token, sentence) => {
    const answer = await call(url, await token());
    expect(errorOf(answer)).toEqual([401, 'invalid_token']);
    expect(answer.body.error_description).toMatch(sentence);
    expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  });
  const mistyped = (token: string) => token.slice(0, -1) + (token.endsWith('0') ? '1' : '0');

  it('because it has expired, unlike an unknown token', async () => {
    const { token, row } = await expiring(30);
    expect((await call(ORGANIZATION, token)).status).toBe(200);
    const held = await session();
    expect((await call(HELD, held)).status).toBe(200);
    api.clock.advance(60 * 60 + 1);
    expect(sentenceOf(await call(ORGANIZATION, token))).toBe(
      `This token expired at ${row.expires_at?.toISOString()}. Create a new one.`,
    );
    expect(sentenceOf(await call(HELD, held))).toMatch(/^This session has expired\./);
  });

  it('revoked: the same as unknown, even if it would have expired', async () => {
    const { token, row } = await expiring(30);
    await api.app.get(TokensService).revoke(tenant.id, row.id);
    api.clock.advance(60);
    const unknown = sentenceOf(await call(ORGANIZATION, newToken(OAT)));
    expect(sentenceOf(await call(ORGANIZATION, token))).toBe(unknown);
  });
});

describe('an error suggests what was meant', () => {
  it.each([
    ['a value', 'GET', `${SEATS}?status=claimd`, undefined, /one of .*\. Did you mean claimed\?$/],
    [
      'a query key',
      'GET',
      `${SEATS}?stauts=claimed`,
      undefined,
      /stauts is unknown\. Did you mean status\?$/,
    ],
    [
      'an item of a list',
      'POST',
      '/v1/webhooks/endpoints',
      { url: 'https://example.com', events: ['customer_seat.claimd'] },
      /^The field events\[0\] must .* Did you mean customer_seat.claimed\?$/,
    ],
    [
      'a key of a PATCH',
      'PATCH',
      ORGANIZATION,
      { settings: { seatsEnabled: true } },
      /settings.seatsEnabled is unknown\. Did you mean seats_enabled\?$/,
    ],
    ['no value that is far away', 'GET', `${SEATS}?status=nonsense`, undefined, /revoked\.$/],
    [
      'no key that is far away',
      'PATCH',
      ORGANIZATION,
      { nonsense: 1 },
      /^The field nonsense is unknown\. Remove it\.$/,
    ],
  ])('%s', async (_, method, url, body, sentence) => {
    const answer = await tenant.call(method, url, { ...(body && { body }) });
    expect(answer.status).toBe(422);
    expect(sentenceOf(answer)).toMatch(sentence);
  });

  it.each([
    ['GET', '/v1/customer-seat', 'Did you mean /v1/customer-seats?'],
    ['GET', '/v1/subscription/', 'Did you mean /v1/subscriptions?'],
    ['GET', '/v1/Products', 'Did you mean /v1/products?'],
    ['POST', '/customer-seats', 'Did you mean /v1/customer-seats?'],
    [
      'POST',
      `/v1/customer-seats/${UNKNOWN_ID}/resent`,
      'Did you mean /v1/customer-seats/{seat_id}/resend?',
    ],
  ])('a route: %s %s', async (method, path, hint) => {
    const answer = await api.call(method, path);
    expect(errorOf(answer)).toEqual([404, 'ResourceNotFound']);
    expect(answer.body.detail).toBe(`There is no route ${method} ${path}. ${hint}`);
  });

  it.each([
    ['a path that is far away', '/v1/nothing', '/v1/nothing'],
    ['a long path', `/v1/${'a/'.repeat(500)}b`, `/v1/${'a/'.repeat(500)}b`.slice(0, 100) + '…'],
    ['a path with a token', `/v1/${'T'.repeat(43)}/x`, '/v1/TTTTTTTT…/x'],
    ['a path with an access token', `/v1/${OAT}x`, '(a secret)'],
  ])('nothing for %s', async (_, path, shown) => {
    const { body } = await api.call('GET', path);
    expect(body.detail).toBe(`There is no route GET ${shown}.`);
  });
});

describe('the unknown keys of a body', () => {
  const NOTE = 'The body has unknown keys, which were ignored:';
  const send = (path: string, body: object) => tenant.call('POST', path, { body });

  it('are named by the first problem of a POST that is a 422', async () => {
    const body = { subscriptionId: UNKNOWN_ID, email: newEmail(), colour: 'red' };
    const answer = await send(SEATS, body);
    expect(problems(answer)).toEqual([['value_error', 'body']]);
    expect(sentenceOf(answer)).toBe(
      'Send exactly one of subscription_id, order_id and checkout_id. ' +
        `${NOTE} subscriptionId (did you mean subscription_id?), colour.`,
    );
  });

  it('are named by the detail of a POST that is a 400', async () => {
    const { id } = await tenant.subscription(1);
    await send(SEATS, { subscription_id: id, email: newEmail() });
    const answer = await send(SEATS, { subscription_id: id, email: newEmail(), nam: 'x' });
    expect(errorOf(answer)).toEqual([400, 'SeatNotAvailable']);
    expect(answer.body.detail).toMatch(/ are taken\. .* ignored: nam\.$/);
  });

  it('are named within lists', async () => {
    const seats = [{ email: newEmail() }, { emial: newEmail() }];
    const answer = await send(`${SEATS}/bulk`, { subscription_id: UNKNOWN_ID, seats });
    expect(sentenceOf(answer)).toContain(`${NOTE} seats[1].emial (did you mean email?).`);
  });

  it('are at most five, each cut', async () => {
    const keys = Array.from({ length: 1000 }, (_, index) => [`${index}${'k'.repeat(200)}`, 1]);
    const answer = await send(SEATS, Object.fromEntries(keys));
    const [, note = ''] = sentenceOf(answer).split(NOTE);
    expect(note).toMatch(/^( \d+k+…,?){5} and others\.$/);
    expect(note.length).toBeLessThan(600);
  });

  it.each([
    ['a success', () => ({ email: newEmail(), nam: 'x' }), 200],
    [
      'an error of another kind',
      () => ({ email: newEmail(), nam: 'x', subscription_id: UNKNOWN_ID }),
      404,
    ],
  ])('are not named by %s', async (_, make, status) => {
    const { id } = await tenant.subscription(1);
    const answer = await send(SEATS, { subscription_id: id, ...make() });
    expect(answer.status).toBe(status);
    expect(JSON.stringify(answer.body)).not.toContain('unknown keys');
  });
});

describe('a body of another type than JSON', () => {
  it.each([
    ['text/plain', 'The body has the content type text/plain.'],
    [
      'application/x-www-form-urlencoded; charset=utf-8',
      'The body has the content type application/x-www-form-urlencoded.',
    ],
    [undefined, 'The body has no content type.'],
  ])('is refused with its type and the needed one: %j', async (type, sentence) => {
    const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
    const answer = await tenant.call('POST', SEATS, { body: '{"a":1}', headers });
    expect(problems(answer)).toEqual([['json_invalid', 'body']]);
    expect(sentenceOf(answer)).toBe(
      `${sentence} Send the body as JSON, with Content-Type: application/json.`,
    );
  });

  it('that says it is JSON but is not names the place', async () => {
    const headers = { 'content-type': 'application/vnd.api+json' };
    const answer = await tenant.call('POST', SEATS, { body: '{"email":1', headers });
    expect(sentenceOf(answer)).toBe('The body is not valid JSON in UTF-8. Look at character 10.');
  });
});

describe('a 404 names what was not found', () => {
  const id = UNKNOWN_ID;

  it.each([
    ['GET', `${SEATS}/${id}`, `There is no seat with the id ${id}.`],
    ['GET', `${SEATS}?subscription_id=${id}`, `There is no subscription with the id ${id}.`],
    ['GET', `${SEATS}?order_id=${id}`, `There is no order with the id ${id}.`],
    ['GET', `/v1/products/${id}`, `There is no product with the id ${id}.`],
    ['GET', '/v1/customers/external/crm-1', 'There is no customer with the external_id crm-1.'],
    ['GET', `/v1/access?product_id=${id}&email=a@b.co`, `There is no product with the id ${id}.`],
    ['GET', `/v1/webhooks/endpoints/${id}`, `There is no webhook endpoint with the id ${id}.`],
    [
      'DELETE',
      `/v1/organization-access-tokens/${id}`,
      `There is no access token with the id ${id}.`,
    ],
    [
      'GET',
      `/v1/orders/external/${'x'.repeat(255)}`,
      `There is no order with the external_id ${'x'.repeat(100)}….`,
    ],
    [
      'GET',
      `/v1/orders/external/${OAT}secret`,
      'There is no order with the external_id (a secret).',
    ],
  ])('%s %s', async (method, url, sentence) => {
    const answer = await tenant.call(method, url);
    expect([answer.status, answer.body.detail]).toEqual([404, sentence]);
  });

  it.each([
    ['a member', { member_id: id }, 'MemberNotFound', `The buyer has no member with the id ${id}.`],
    [
      'an external member',
      { external_member_id: 'e-1' },
      'MemberNotFound',
      'The buyer has no member with the external id e-1.',
    ],
  ])('the person of an assign: %s', async (_, person, error, detail) => {
    const { id: subscription_id } = await tenant.subscription(1);
    const answer = await tenant.call('POST', SEATS, { body: { subscription_id, ...person } });
    expect(answer).toMatchObject({ status: 404, body: { error, detail } });
  });

  it('the person of a session', async () => {
    const open = (body: object) => tenant.call('POST', '/v1/customer-sessions', { body });
    expect(sentenceOf(await open({ external_customer_id: 'crm-9' }))).toBe(
      'There is no customer with the external id crm-9.',
    );
  });
});

describe('a page that does not exist', () => {
  it.each([
    [404, 'GET', '/Claim?token=x'],
    [404, 'GET', '//claim'],
    [404, 'GET', '/portal/nope'],
    [404, 'POST', '/portal/nope'],
    [404, 'GET', '/nothing/at/all'],
    [404, 'GET', '/%zz'],
    [405, 'DELETE', '/claim'],
  ])('is a %d page for a browser, in its language: %s %s', async (status, method, url) => {
    const answer = await api.call(method, url, { headers: BROWSER });
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.body).toContain('<html lang="de">');
    expect(answer.headers['content-security-policy']).toMatch(/frame-ancestors 'none'$/);
    expect(answer.headers['x-request-id']).toBeTruthy();
    expect(answer.headers['allow']).toBe(status === 405 ? 'GET, HEAD, POST' : undefined);
  });

  it.each(['/v1/nothing', '/v1', '/health/nothing', '/metrics/x', '/docs/nothing'])(
    'is JSON on the paths of programs, even for a browser: %s',
    async (url) => {
      const answer = await api.call('GET', url, { headers: BROWSER });
      expect(errorOf(answer)).toEqual([404, 'ResourceNotFound']);
    },
  );

  it('is JSON for a program', async () => {
    const answer = await api.call('GET', '/portal/nope', { headers: { accept: '*/*' } });
    expect(errorOf(answer)).toEqual([404, 'ResourceNotFound']);
  });
});
