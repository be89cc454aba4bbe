import { jest } from '@jest/globals';
import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { OrganizationsService } from '../../../src/organizations/organizations.service.js';
import { TokenAuthenticator } from '../../../src/organizations/tokens.authenticator.js';
import { SessionAuthenticator } from '../../../src/sessions/sessions.authenticator.js';
import { newToken } from '../../../src/platform/crypto.js';
import { Database, sql } from '../../../src/platform/database/database.js';
import {
  type Answer,
  type CallOptions,
  startApp,
  type Tenant,
  type TestApp,
} from '../../support/app.js';
import {
  errorOf,
  newEmail,
  newSeat,
  UNKNOWN_ID,
  problems,
  SEATS,
  tokenOf,
} from '../../seats/fixtures.js';
import { sessionFor } from '../../portal/fixtures.js';
import { errorComplaints } from '../../support/error-style.js';
import { httpAppOf } from '../../support/http-app.js';
import { logOf } from '../log.js';

const MIB = 1024 * 1024;
const JSON_TYPE = { 'content-type': 'application/json' };
const BAD = 'seat_oat_bad';

let api: TestApp;
let tenant: Tenant;
let body: Record<string, unknown>;

beforeAll(async () => {
  api = await startApp();
  await api.app.listen(0, '127.0.0.1');
  tenant = await api.tenant();
  const { id } = await tenant.subscription(1000);
  body = { subscription_id: id };
});
afterAll(() => api?.close());

const origin = () => {
  const { port } = api.app.getHttpServer().address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
};
const post = (options: CallOptions = {}) => tenant.call('POST', SEATS, options);
/** POST of a text with the content type JSON. */
const postText = (text: string, options: CallOptions = {}) =>
  post({ body: text, headers: JSON_TYPE, ...options });
const person = () => ({ ...body, email: newEmail() });

describe('the order of checks', () => {
  const tooLarge = 'x'.repeat(MIB + 1);
  let reader: string;

  beforeAll(async () => {
    reader = await tenant.tokenWith('customer_seats:read');
  });

  it.each<[string, () => Promise<Answer>, [number, string]]>([
    [
      'size before a bad token',
      () => postText(tooLarge, { token: BAD }),
      [413, 'RequestBodyTooLarge'],
    ],
    [
      'a bad token before malformed JSON',
      () => postText('{', { token: BAD }),
      [401, 'invalid_token'],
    ],
    [
      'malformed JSON before a missing token',
      () => postText('{', { token: null }),
      [422, 'RequestValidationError'],
    ],
    [
      'a missing token before the schema',
      () => postText('[]', { token: null }),
      [401, 'Unauthorized'],
    ],
    [
      'a missing token before the handler',
      () => post({ body: { subscription_id: UNKNOWN_ID, email: newEmail() }, token: null }),
      [401, 'Unauthorized'],
    ],
    [
      'the scope before the schema',
      () => postText('[]', { token: reader }),
      [403, 'insufficient_scope'],
    ],
    [
      'malformed JSON before the scope',
      () => postText('{', { token: reader }),
      [422, 'RequestValidationError'],
    ],
    [
      'the schema before the handler',
      () => post({ body: { subscription_id: UNKNOWN_ID } }),
      [422, 'RequestValidationError'],
    ],
  ])('is %s', async (_, send, expected) => {
    expect(errorOf(await send())).toEqual(expected);
  });
});

describe('the Authorization header', () => {
  it.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])('may say %s', async (scheme) => {
    const headers = { authorization: `${scheme} ${tenant.token}` };
    expect((await post({ body: person(), token: null, headers })).status).toBe(200);
  });

  it.each([undefined, 'Basic YTpi', 'Token x', ''])('%j is no token', async (value) => {
    const headers: Record<string, string> = value === undefined ? {} : { authorization: value };
    const answer = await post({ body: person(), token: null, headers });
    expect(answer).toMatchObject({
      status: 401,
      body: { error: 'Unauthorized', detail: expect.any(String) },
      headers: { 'www-authenticate': 'Bearer' },
    });
  });

  it.each(['Bearer', 'Bearer ', 'Bearer x', 'Bearer a b', `Bearer ${BAD}`, 'Bearer seat_cst_x'])(
    '%j is a bad token and gets an error in the OAuth format',
    async (authorization) => {
      const answer = await post({ body: person(), token: null, headers: { authorization } });
      expect(answer.status).toBe(401);
      expect(answer.body).toMatchObject({
        error: 'invalid_token',
        error_description: expect.any(String),
      });
    },
  );

  it('a token without the scope gets a 403 in the OAuth shape', async () => {
    const answer = await post({ body: person(), token: await tenant.tokenWith() });
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({
      error: 'insufficient_scope',
      error_description: expect.stringContaining('customer_seats:write'),
    });
  });

  it('a write scope does not include the read scope, nor the reverse', async () => {
    const writer = await tenant.tokenWith('customer_seats:write');
    const reader = await tenant.tokenWith('customer_seats:read');
    const url = `${SEATS}?subscription_id=${String(body['subscription_id'])}`;
    const answers = [
      await tenant.call('GET', url, { token: writer }),
      await tenant.call('GET', url, { token: reader }),
      await tenant.call('DELETE', `${SEATS}/${UNKNOWN_ID}`, { token: reader }),
      await tenant.call('POST', `${SEATS}/${UNKNOWN_ID}/resend`, { token: reader }),
      await tenant.call('POST', SEATS, { token: reader, body: person() }),
      await tenant.call('POST', SEATS, { token: writer, body: person() }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 200, 403, 403, 403, 200]);
  });
});

describe('a body', () => {
  it.each(['{', '{"a":}', 'nul', '"', '{"a":1}x', "{'a':1}", '\u0000', '[1,]'])(
    '%j is malformed JSON',
    async (text) => expect(problems(await postText(text))).toEqual([['json_invalid', 'body']]),
  );

  it.each(['[]', '[{}]', '"text"', '5', 'true', 'null', '1e999'])('%s is no object', async (text) =>
    expect(problems(await postText(text))).toEqual([['dict_type', 'body']]),
  );

  it.each([
    ['nothing at all', {}],
    ['an empty text that says it is JSON', { body: '', headers: JSON_TYPE }],
  ])('is missing: %s', async (_, options) => {
    expect(problems(await post(options))).toEqual([['missing', 'body']]);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'no type'])(
    'of type %s is a 422 that names the type that is needed',
    async (type) => {
      const headers = { 'content-type': type };
      const answer = await post({ body: JSON.stringify(person()), headers });
      expect(problems(answer)).toEqual([['json_invalid', 'body']]);
      expect(answer.body.detail[0].msg).toContain('application/json');
    },
  );

  it('that is a form is refused, even with valid fields', async () => {
    const form = new URLSearchParams(person() as Record<string, string>).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect(problems(await post({ body: form, headers }))).toEqual([['json_invalid', 'body']]);
  });

  it.each([
    ...['application/json; charset=utf-8', 'Application/JSON', 'application/json;x=1'],
    ...['application/vnd.api+json', 'Application/Merge-Patch+JSON; charset=UTF-8'],
  ])('of type %s is read', async (type) => {
    const text = JSON.stringify(person());
    expect((await postText(text, { headers: { 'content-type': type } })).status).toBe(200);
  });

  it('may begin with a byte order mark', async () => {
    expect((await postText(`\ufeff${JSON.stringify(person())}`)).status).toBe(200);
  });

  it('that is empty with a JSON content type is accepted on GET, DELETE and resend', async () => {
    const url = `${SEATS}?subscription_id=${String(body['subscription_id'])}`;
    const seats = [(await post({ body: person() })).body, (await post({ body: person() })).body];
    const headers = JSON_TYPE;
    const answers = [
      await tenant.call('GET', url, { headers }),
      await tenant.call('DELETE', `${SEATS}/${seats[0].id}`, { headers }),
      await tenant.call('POST', `${SEATS}/${seats[1].id}/resend`, { headers }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it.each([
    ['a value', { metadata: { a: 'x\0' } }, ['body', 'metadata', 'a']],
    ['a key', { metadata: { 'x\0': 1 } }, ['body', 'metadata']],
    ['a list', { metadata: { a: ['x', '\0'] } }, ['body', 'metadata', 'a', 1]],
    ['a field', { external_member_id: '\0' }, ['body', 'external_member_id']],
    ['an unknown key', { nobody: 'x\0' }, ['body', 'nobody']],
    ['half a surrogate pair', { metadata: { a: '\ud800' } }, ['body', 'metadata', 'a']],
    ['half a pair in a key', { metadata: { '\udc00': 1 } }, ['body', 'metadata']],
  ])('cannot hold NUL or broken text: %s', async (_, more, loc) => {
    const answer = await post({ body: { ...person(), ...more } });
    expect(problems(answer)).toEqual([['value_error', ...loc]]);
  });

  it.each([
    ['lists', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['objects', '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000)],
  ])('of 100,000 nested %s is a 422', async (_, nested) => {
    const answer = await postText(`{"metadata":{"a":${nested}}}`);
    expect(problems(answer)).toEqual([['value_error', 'body']]);
  });

  it.each(['POST', 'DELETE'])(
    'of %s must not be nested this deeply, even with an Idempotency-Key',
    async (method) => {
      const nested = `{"metadata":${'['.repeat(5_000)}${']'.repeat(5_000)}}`;
      const url = method === 'POST' ? SEATS : `${SEATS}/${UNKNOWN_ID}`;
      const headers = { ...JSON_TYPE, 'idempotency-key': 'deep' };
      const answer = await tenant.call(method, url, { body: nested, headers });
      expect(problems(answer)).toEqual([['value_error', 'body']]);
    },
  );

  it('that is not UTF-8 is refused as invalid JSON', async () => {
    const bytes = Buffer.from(JSON.stringify({ ...person(), metadata: { a: 'xx' } }));
    bytes.fill(0xff, bytes.indexOf('xx'), bytes.indexOf('xx') + 2);
    expect(problems(await post({ body: bytes, headers: JSON_TYPE }))).toEqual([
      ['json_invalid', 'body'],
    ]);
  });

  it.each(['{"toString":1}', '{"toString":null}', '[{"toString":1}]', '{}', '[]', 'null'])(
    'is refused with %s in place of a boolean',
    async (text) => {
      const answer = await post({ body: { ...person(), immediate_claim: JSON.parse(text) } });
      expect(problems(answer)).toEqual([['bool_type', 'body', 'immediate_claim']]);
    },
  );

  it.each(['"a<b"@example.com', '"a\u0001b"@example.com', 'a>@example.com'])(
    'is refused with the undeliverable e-mail %j',
    async (email) => {
      const answer = await post({ body: { ...body, email } });
      expect(problems(answer)).toEqual([['value_error', 'body', 'email']]);
    },
  );

  it.each(['2027-02-29', '2027-02-30', '2027-04-31', '2027-13-01', '2027-00-10'])(
    'is refused with the nonexistent date %s',
    async (day) => {
      const url = `/v1/subscriptions/${String(body['subscription_id'])}`;
      const change = { body: { current_period_end: `${day}T00:00:00Z` } };
      expect(problems(await tenant.call('PATCH', url, change))).toEqual([
        ['datetime_parsing', 'body', 'current_period_end'],
      ]);
    },
  );

  it('may contain texts of up to 255 characters', async () => {
    const named = (length: number) => ({ body: { name: 'x'.repeat(length) } });
    expect((await tenant.call('POST', '/v1/products', named(255))).status).toBe(201);
    expect(problems(await tenant.call('POST', '/v1/products', named(256)))).toEqual([
      ['string_too_long', 'body', 'name'],
    ]);
  });

  it.each(['1e999', '-1e999'])(
    'is refused with a number outside the range of a double: %s',
    async (number) => {
      const text = JSON.stringify({ ...person(), metadata: { a: 0 } });
      const answer = await postText(text.replace('"a":0', `"a":${number}`));
      expect(problems(answer)).toEqual([['value_error', 'body', 'metadata', 'a']]);
    },
  );

  it.each(['1e308', '5e-324', '-0', '9007199254740991', '1234567890.12345678901', '1e30'])(
    'may hold the number %s',
    async (number) => {
      const text = JSON.stringify({ ...person(), metadata: { a: 0 } });
      const answer = await postText(text.replace('"a":0', `"a":${number}`));
      expect(answer.status).toBe(200);
      expect(answer.body.seat_metadata.a).toBeCloseTo(Number(number));
    },
  );
});

describe('an integer that a double does not hold', () => {
  const number = '9007199254740993';

  it.each([number, `-${number}`, '123456789012345678901234567890'])(
    'is refused in metadata: %s',
    async (integer) => {
      const text = JSON.stringify({ ...person(), metadata: { a: { b: [0] } } });
      const answer = await postText(text.replace('[0]', `[${integer}]`));
      expect(problems(answer)).toEqual([['value_error', 'body', 'metadata']]);
    },
  );

  it('is refused in the metadata of an item and of a PATCH', async () => {
    const seats = [person(), { ...person(), metadata: { a: '?' } }];
    const text = JSON.stringify({ ...body, seats }).replaceAll('"?"', number);
    const bulk = await tenant.call('POST', `${SEATS}/bulk`, { body: text, headers: JSON_TYPE });
    expect(problems(bulk)).toEqual([['value_error', 'body', 'seats', 1, 'metadata']]);
    const change = `{"metadata":{"a":${number}}}`;
    const url = `/v1/subscriptions/${String(body['subscription_id'])}`;
    const patch = await tenant.call('PATCH', url, { body: change, headers: JSON_TYPE });
    expect(problems(patch)).toEqual([['value_error', 'body', 'metadata']]);
  });

  it('is accepted as text, and where nothing stores it', async () => {
    const text = JSON.stringify({ ...person(), metadata: { a: number }, nobody: '?' });
    const answer = await postText(text.replace('"?"', number));
    expect([answer.status, answer.body.seat_metadata]).toEqual([200, { a: number }]);
  });
});

describe('a query', () => {
  const url = (query: string) =>
    `${SEATS}?subscription_id=${String(body['subscription_id'])}&${query}`;

  it('refuses an unknown key, and names the nearest known one', async () => {
    const answer = await tenant.call('GET', url('stauts=pending'));
    expect(answer.body.detail).toEqual([
      {
        type: 'extra_forbidden',
        loc: ['query', 'stauts'],
        msg: 'The query parameter stauts is unknown. Did you mean status?',
        input: null,
      },
    ]);
  });

  it('refuses an unknown key on a route without any, public ones included', async () => {
    const extra = [['extra_forbidden', 'query', 'x']];
    expect(problems(await tenant.call('GET', '/v1/organization?x=1'))).toEqual(extra);
    expect(problems(await api.call('GET', `${SEATS}/claim/x?x=1`))).toEqual(extra);
  });

  it('is judged after the token and its scope', async () => {
    const token = await tenant.tokenWith();
    expect((await tenant.call('GET', url('x=1'), { token: null })).status).toBe(401);
    expect((await tenant.call('GET', url('x=1'), { token })).status).toBe(403);
  });

  it('may have any key on a page', async () => {
    expect((await api.call('GET', '/health/live?utm_source=x')).status).toBe(200);
  });

  it('lists at most 100 problems', async () => {
    const keys = Array.from({ length: 500 }, (_, index) => `k${index}=1`).join('&');
    expect(problems(await tenant.call('GET', url(keys)))).toHaveLength(100);
  });
});

describe('an unknown key of a PATCH', () => {
  it('is named with the nearest known one and without its value', async () => {
    const change = { body: { slgu: 'acme', seat_oat_: 'x' } };
    const answer = await tenant.call('PATCH', '/v1/organization', change);
    expect(answer.body.detail).toEqual([
      expect.objectContaining({
        loc: ['body', 'slgu'],
        msg: 'The field slgu is unknown. Did you mean slug?',
        input: null,
      }),
      expect.objectContaining({ msg: 'The field (a secret) is unknown. Remove it.', input: null }),
    ]);
  });
});

describe('a method that a path does not take', () => {
  it.each([
    ['PUT', SEATS, 'GET, HEAD, POST'],
    ['TRACE', SEATS, 'GET, HEAD, POST'],
    ['QUERY', SEATS, 'GET, HEAD, POST'],
    ['PURGE', `${SEATS}/`, 'GET, HEAD, POST'],
    ['GET', `${SEATS}/${UNKNOWN_ID}/resend`, 'POST'],
    ['PATCH', `${SEATS}/bulk`, 'POST'],
    ['DELETE', `${SEATS}/bulk-revoke/`, 'POST'],
    ['GET', `${SEATS}/claim`, 'POST'],
    ['DELETE', '/v1/customer-portal/seats/subscriptions', 'GET, HEAD'],
    ['POST', '/health/live', 'GET, HEAD'],
    ['DELETE', '/metrics', 'GET, HEAD'],
    ['TRACE', '/health/ready?x=1', 'GET, HEAD'],
  ])('is a 405 with Allow: %s %s', async (method, path, allow) => {
    const answer = await api.call(method, path);
    expect(errorOf(answer)).toEqual([405, 'MethodNotAllowed']);
    expect(answer.headers['allow']).toBe(allow);
    expect(answer.headers['x-request-id']).toBeTruthy();
  });

  it.each(['PUT', 'TRACE', 'QUERY', 'GET'])('is a 404 on an unknown path: %s', async (method) => {
    expect(errorOf(await api.call(method, '/v1/nothing'))).toEqual([404, 'ResourceNotFound']);
  });
});

describe('the size of a body', () => {
  const sized = (size: number) => {
    const text = JSON.stringify({ ...person(), padding: '' });
    return text.replace('"padding":""', `"padding":"${'x'.repeat(size - text.length)}"`);
  };
  const chunked = (size: number) => {
    const bytes = new TextEncoder().encode(sized(size));
    const half = bytes.length / 2;
    return new ReadableStream({
      start(controller) {
        controller.enqueue(bytes.slice(0, half));
        controller.enqueue(bytes.slice(half));
        controller.close();
      },
    });
  };
  const send = (payload: string | ReadableStream) =>
    fetch(origin() + SEATS, {
      method: 'POST',
      headers: { ...JSON_TYPE, authorization: `Bearer ${tenant.token}` },
      body: payload,
      duplex: 'half',
    });

  it.each([
    ['with its length', sized],
    ['in chunks', chunked],
  ])('may be 1 MiB and no more, %s', async (_, make) => {
    const fits = await send(make(MIB));
    expect(fits.status).toBe(200);
    const answer = await send(make(MIB + 1));
    expect([answer.status, ((await answer.json()) as any).error]).toEqual([
      413,
      'RequestBodyTooLarge',
    ]);
    expect(answer.headers.get('cache-control')).toBe('private, no-store');
    expect(answer.headers.get('x-request-id')).toBeTruthy();
  });
});

describe('every response', () => {
  it.each<[what: string, status: number, send: () => Promise<Answer>]>([
    ['a missing token', 401, () => api.call('GET', SEATS)],
    ['a missing token, whatever the query', 401, () => api.call('GET', `${SEATS}?order_id=x`)],
    ['a missing token, whatever the path', 401, () => api.call('GET', `${SEATS}/%00`)],
    ['a body that is no JSON', 422, () => postText('{', { token: null })],
    ['an unknown invitation', 404, () => api.call('GET', `${SEATS}/claim/x`)],
    ['one of 5,000 characters', 404, () => api.call('GET', `${SEATS}/claim/${'a'.repeat(5000)}`)],
    ['an unknown route', 404, () => api.call('GET', '/v1/nothing')],
    ['an unknown route, with a body', 404, () => api.call('POST', '/v1/nothing', { body: {} })],
    ['an unknown page', 404, () => api.call('GET', '/nothing')],
    ['a method that a route does not have', 405, () => api.call('PUT', SEATS, { body: {} })],
    ['an address that cannot be decoded', 404, () => api.call('GET', '/v1/%zz')],
    ['a page whose address cannot be decoded', 404, () => api.call('GET', '/%')],
  ])('has the headers of the contract: to %s', async (_, status, send) => {
    const answer = await send();
    expect(answer.status).toBe(status);
    expect(answer.headers['cache-control']).toBe('private, no-store');
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.body).toMatchObject({ error: expect.any(String) });
  });

  it.each<Record<string, string>>([
    {},
    { origin: 'https://example.com', 'access-control-request-method': 'POST' },
  ])('has them, including CORS preflight responses: %j', async (headers) => {
    const answer = await api.call('OPTIONS', SEATS, { headers });
    expect([answer.status, answer.body]).toEqual([204, '']);
    expect(answer.headers['cache-control']).toBe('private, no-store');
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each(['req-1', 'a'.repeat(128), 'A.b_c:9'])('carries the caller’s id %s', async (id) => {
    const headers = { 'x-request-id': id };
    for (const url of [SEATS, '/v1/nothing', '/v1/%zz']) {
      expect((await api.call('GET', url, { headers })).headers['x-request-id']).toBe(id);
    }
  });

  it.each(['', ' ', 'a b', 'a'.repeat(129), 'a\tb', '<script>'])(
    'carries a generated id instead of the invalid id %j',
    async (id) => {
      const answer = await api.call('GET', SEATS, { headers: { 'x-request-id': id } });
      expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    },
  );

  it('has the same request id as its event', async () => {
    const headers = { 'x-request-id': 'the-id-of-this-call' };
    const seat = (await post({ body: person(), headers })).body;
    const [event] = await api.database.sql('SELECT request_id FROM events WHERE seat_id = $1', [
      seat.id,
    ]);
    expect(event).toEqual({ request_id: 'the-id-of-this-call' });
  });
});

describe('limits', () => {
  let limited: TestApp;
  let someone: Tenant;
  let count = 0;

  beforeAll(async () => {
    const two = { RATE_LIMIT_TOKEN: '2', RATE_LIMIT_PUBLIC: '2' };
    limited = await startApp({ ...two, TRUSTED_PROXIES: '127.0.0.1' });
    someone = await limited.tenant();
  });
  afterAll(() => limited?.close());

  /** The headers of a client at an address without counted requests. */
  const newcomer = () => ({ 'x-forwarded-for': `192.0.2.${(count += 1)}` });
  const claimInfo = (app: TestApp, headers: Record<string, string>) =>
    app.call('GET', `${SEATS}/claim/x`, { headers });

  it('are counted by organization across all addresses and tokens', async () => {
    const answers = [];
    for (let call = 0; call < 3; call += 1) {
      answers.push(await someone.call('GET', '/v1/organization', { headers: newcomer() }));
    }
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
    const remaining = answers.map(({ headers }) => headers['ratelimit']);
    expect(remaining).toEqual([
      expect.stringMatching(/^"token";r=1;t=\d+$/),
      expect.stringMatching(/^"token";r=0;t=\d+$/),
      expect.stringMatching(/^"token";r=0;t=\d+$/),
    ]);
    const { headers, body } = answers[2] as Answer;
    expect(headers['ratelimit-policy']).toBe('"token";q=2;w=60');
    expect(headers['retry-after']).toBe(/t=(\d+)/.exec(String(headers['ratelimit']))?.[1]);
    expect(body).toMatchObject({ error: 'TooManyRequests', detail: expect.any(String) });
    const token = await someone.tokenWith('organization:read');
    expect((await someone.call('GET', '/v1/organization', { token })).status).toBe(429);
    const other = await limited.tenant();
    expect((await other.call('GET', '/v1/organization')).status).toBe(200);
  });

  it('are counted by address for missing tokens', async () => {
    const headers = newcomer();
    const errors = [];
    for (let call = 0; call < 3; call += 1) {
      errors.push(errorOf(await limited.call('GET', SEATS, { headers })));
    }
    expect(errors).toEqual([
      [401, 'Unauthorized'],
      [401, 'Unauthorized'],
      [429, 'TooManyRequests'],
    ]);
    const other = await limited.call('GET', SEATS, { headers: newcomer() });
    expect(errorOf(other)).toEqual([401, 'Unauthorized']);
  });

  it('come after the size and before a bad token', async () => {
    const headers = { ...JSON_TYPE, ...newcomer() };
    const send = (body: string) => limited.call('POST', SEATS, { body, headers, token: BAD });
    for (let call = 0; call < 20; call += 1) {
      expect(errorOf(await send(''))).toEqual([401, 'invalid_token']);
    }
    expect(errorOf(await send(''))).toEqual([429, 'TooManyRequests']);
    expect(errorOf(await send('x'.repeat(MIB + 1)))).toEqual([413, 'RequestBodyTooLarge']);
  });

  describe('for wrong tokens', () => {
    const PORTAL_LIST = '/v1/customer-portal/seats/subscriptions';
    const guess = (headers: Record<string, string>, token = newToken('seat_oat_')) =>
      limited.call('GET', '/v1/organization', { headers, token });
    /** The headers of an address that has used up its wrong tokens. */
    const blocked = async () => {
      const headers = newcomer();
      await Promise.all(Array.from({ length: 21 }, () => guess(headers)));
      expect((await guess(headers)).status).toBe(429);
      return headers;
    };
    const lookUps = (authenticator: typeof TokenAuthenticator | typeof SessionAuthenticator) =>
      jest.spyOn(limited.app.get(authenticator, { strict: false }), 'lookUp');
    afterEach(() => jest.restoreAllMocks());

    it('are limited to 20 per minute and address', async () => {
      const headers = newcomer();
      const answers = [];
      for (let call = 0; call < 21; call += 1) answers.push(await guess(headers));
      expect(answers.map(errorOf)).toEqual([
        ...Array(20).fill([401, 'invalid_token']),
        [429, 'TooManyRequests'],
      ]);
      const [first, last] = [answers[0] as Answer, answers[20] as Answer];
      expect(first.headers['ratelimit-policy']).toBe('"wrong-token";q=20;w=60');
      expect(first.headers['ratelimit']).toMatch(/^"wrong-token";r=19;t=\d+$/);
      const seconds = /^"wrong-token";r=0;t=(\d+)$/.exec(String(last.headers['ratelimit']))?.[1];
      expect(last.headers['retry-after']).toBe(seconds);
      expect((await guess(newcomer())).status).toBe(401);
    });

    it('also count malformed tokens and wrong session tokens', async () => {
      const headers = newcomer();
      for (let call = 0; call < 10; call += 1) {
        expect((await guess(headers, BAD)).status).toBe(401);
        const token = newToken('seat_cst_');
        expect((await limited.call('GET', PORTAL_LIST, { headers, token })).status).toBe(401);
      }
      expect((await guess(headers)).status).toBe(429);
    });

    it('are counted before the look-up, even for concurrent requests', async () => {
      const headers = newcomer();
      const looked = lookUps(TokenAuthenticator);
      const answers = await Promise.all(Array.from({ length: 60 }, () => guess(headers)));
      expect(answers.filter(({ status }) => status === 401)).toHaveLength(20);
      expect(answers.filter(({ status }) => status === 429)).toHaveLength(40);
      // Twenty of the address itself, and one or two in the shared look-up.
      expect(looked.mock.calls.length).toBeLessThanOrEqual(22);
    });

    it('accept a good token of the same address, cached or not', async () => {
      const headers = await blocked();
      const token = (await limited.tenant()).token;
      expect((await guess(headers, token)).status).toBe(200);
      const looked = lookUps(TokenAuthenticator);
      expect((await guess(headers, token)).status).toBe(200);
      expect(looked).not.toHaveBeenCalled();
    });

    it('accept a session of the same address', async () => {
      const seller = await limited.tenant();
      const { id } = await seller.create('customers', { email: newEmail() });
      const token = await sessionFor(seller, { customer_id: id });
      const headers = await blocked();
      const answer = await limited.call('GET', PORTAL_LIST, { headers, token });
      expect(answer.status).toBe(200);
    });

    it('do not count good tokens', async () => {
      const headers = newcomer();
      for (let call = 0; call < 25; call += 1) {
        const { token } = await limited.tenant();
        expect((await guess(headers, token)).status).toBe(200);
      }
      expect((await guess(headers)).status).toBe(401);
    });

    it('count nothing while the database is unreachable', async () => {
      const headers = newcomer();
      const looked = lookUps(TokenAuthenticator);
      looked.mockRejectedValue(new Error('down'));
      for (let call = 0; call < 25; call += 1) {
        expect((await guess(headers)).status).toBe(500);
      }
      looked.mockRestore();
      expect((await guess(headers)).status).toBe(401);
    });

    it('refuse a guess without a look-up while a thousand others wait', async () => {
      const headers = await blocked();
      const looked = lookUps(TokenAuthenticator);
      const answers = await Promise.all(Array.from({ length: 1_200 }, () => guess(headers)));
      expect(answers.every(({ status }) => status === 429)).toBe(true);
      const counts = looked.mock.calls.map(([tokens]) => tokens.length);
      expect(Math.max(...counts)).toBeLessThanOrEqual(1_000);
    });

    it('are switched off with the limit of public routes', async () => {
      for (let call = 0; call < 25; call += 1) {
        const token = newToken('seat_oat_');
        expect((await api.call('GET', '/v1/organization', { token })).status).toBe(401);
      }
    });
  });

  it('are counted by address on public routes', async () => {
    const headers = newcomer();
    const answers = [];
    for (let call = 0; call < 3; call += 1) answers.push(await claimInfo(limited, headers));
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 429]);
    const last = (answers[2] as Answer).headers;
    expect(last['ratelimit-policy']).toBe('"public";q=2;w=60');
    expect(last['ratelimit']).toMatch(/^"public";r=0;t=\d+$/);
    expect(last['retry-after']).toBe(/t=(\d+)/.exec(String(last['ratelimit']))?.[1]);
    expect((await claimInfo(limited, newcomer())).status).toBe(404);
  });

  it('use a forwarded address only from a trusted proxy', async () => {
    const direct = await startApp({ RATE_LIMIT_PUBLIC: '2' });
    try {
      const statuses = [];
      for (let call = 0; call < 3; call += 1) {
        statuses.push((await claimInfo(direct, newcomer())).status);
      }
      expect(statuses).toEqual([404, 404, 429]);
    } finally {
      await direct.close();
    }
  });
});

describe('a Polar-Version header', () => {
  it.each([
    ['2025-10-01', '2025-10-01'],
    ['a\u00e9', undefined],
    ['x'.repeat(100), undefined],
  ])('comes back if it is sane: %s', async (sent, echoed) => {
    const answer = await api.call('GET', SEATS, { headers: { 'polar-version': sent } });
    expect(answer.headers['polar-version']).toBe(echoed);
  });
});

describe('a request', () => {
  let log: string[];
  beforeEach(() => {
    log = logOf(api.app);
  });
  const logged = () => log.map((line) => JSON.parse(line));

  it('is logged with the pattern of its route and without its URL', async () => {
    const token = await tokenOf(api, (await newSeat(tenant)).id);
    log.length = 0;
    const headers = { 'x-request-id': 'r-1' };
    await api.call('GET', `${SEATS}/claim/${token}?email=ada@example.com`, { headers });
    await api.call('GET', `/claim?token=${token}`, { headers });
    await api.call('GET', `/nowhere/${token}`, { headers });
    const said = { level: 'info', request_id: 'r-1', method: 'GET', msg: 'request' };
    expect(logged()).toEqual([
      {
        ...said,
        route: `${SEATS}/claim/:invitation_token`,
        status: 422,
        ms: expect.any(Number),
        time: expect.any(String),
      },
      { ...said, route: '/claim', status: 200, ms: expect.any(Number), time: expect.any(String) },
      { ...said, route: 'unknown', status: 404, ms: expect.any(Number), time: expect.any(String) },
    ]);
    expect(log.join()).not.toMatch(new RegExp(`${token}|ada@example.com`));
  });

  it('is counted in the metrics by method, route pattern and status', async () => {
    await api.call('GET', `${SEATS}/claim/x`);
    const { body } = await api.call('GET', '/metrics');
    expect(body).toMatch(
      /^http_request_duration_seconds_count\{method="GET",route="\/v1\/customer-seats\/claim\/:invitation_token",status="404"\} [1-9]/m,
    );
  });

  it('that fails with a 500 returns only its id, under which the log has the reason', async () => {
    const organizations = api.app.get(OrganizationsService, { strict: false });
    const broken = jest.spyOn(organizations, 'get').mockRejectedValue(new Error('relation x'));
    try {
      const headers = { 'x-request-id': 'r-2' };
      const answer = await tenant.call('GET', '/v1/organization', { headers });
      expect([answer.status, answer.body]).toEqual([
        500,
        {
          error: 'InternalServerError',
          detail: 'Something went wrong here. The request id tells us where to look.',
          request_id: 'r-2',
          doc_url: expect.stringMatching(/#InternalServerError$/),
        },
      ]);
    } finally {
      broken.mockRestore();
    }
    expect(logged().find(({ level }) => level === 'error')).toMatchObject({
      request_id: 'r-2',
      err: { message: 'relation x', stack: expect.stringContaining('rules.spec') },
    });
  });

  it('that fails with a 4xx is not logged as an error', async () => {
    await api.call('GET', `${SEATS}/claim/x`);
    expect(logged().map(({ level }) => level)).toEqual(['info']);
  });
});

describe('a client that does not read its response', () => {
  it('is cut off after 60 to 120 seconds in which nothing is sent', async () => {
    @Controller('large')
    class Large {
      @Get()
      get(@Res() reply: FastifyReply): void {
        void reply.send(Buffer.alloc(64 * MIB));
      }
    }
    const app = await httpAppOf(api.settings, { controllers: [Large] });
    await app.listen(0, '127.0.0.1');
    try {
      const server = app.getHttpServer();
      expect(server.timeout).toBeGreaterThanOrEqual(60_000);
      expect(server.timeout).toBeLessThanOrEqual(120_000);
      expect(server.requestTimeout).toBe(60_000);
      server.timeout = 200;
      const opened = once(server, 'connection');
      const client = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
      client.on('error', () => undefined);
      client.write('GET /large HTTP/1.1\r\nHost: x\r\n\r\n');
      const [socket] = (await opened) as [Socket];
      await once(socket, 'close');
      expect(socket.bytesWritten).toBeGreaterThan(0);
      client.destroy();
    } finally {
      await app.close();
    }
  });
});

describe('a controller', () => {
  it('of the API without access metadata stops the boot', async () => {
    @Controller('v1/open')
    class Open {
      @Get()
      get(): string {
        return 'to all';
      }
    }
    const app = await httpAppOf(api.settings, { controllers: [Open] });
    await expect(app.init()).rejects.toThrow('/v1/open does not say who may call it');
    await app.close();
  });

  it('that fails after its response does not change the response', async () => {
    @Controller('page')
    class Page {
      @Get()
      async get(@Res() reply: FastifyReply): Promise<void> {
        await reply.send('done');
        throw new Error('too late');
      }
    }
    const app = await httpAppOf(api.settings, { controllers: [Page] });
    const log = logOf(app);
    await app.init();
    const answer = await app.inject({ method: 'GET', url: '/page?token=p4ssw0rd' });
    expect([answer.statusCode, answer.body]).toEqual([200, 'done']);
    const lines = log.map((line) => JSON.parse(line));
    expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
      ['info', 'request'],
      ['error', 'InternalServerError'],
    ]);
    expect(log.join()).not.toContain('p4ssw0rd');
    await app.close();
  });
});

it('statements, locks and transactions have time limits', async () => {
  const settings = await api.app.get(Database).query(sql`
    SELECT current_setting('statement_timeout') AS statement,
      current_setting('lock_timeout') AS lock,
      current_setting('idle_in_transaction_session_timeout') AS idle`);
  expect(settings).toEqual([{ statement: '30s', lock: '10s', idle: '5min' }]);
});

it.each([
  [400, 'GARBAGE\r\n\r\n'],
  [400, 'GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n'],
  [400, `POST ${SEATS} HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n`],
  [431, `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
])('an invalid HTTP request gets a %d in the shape of all errors: %#', async (status, text) => {
  const { port } = api.app.getHttpServer().address() as AddressInfo;
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  socket.end(text);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  const [head = '', content = ''] = answer.split('\r\n\r\n');
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(head).toMatch(/^x-request-id: [0-9a-f-]{36}$/im);
  expect(head).toMatch(/^cache-control: private, no-store$/im);
  const [, id] = /^x-request-id: (.*)$/im.exec(head) ?? [];
  expect(errorComplaints(JSON.parse(content), id)).toEqual([]);
  expect(JSON.parse(content).error).toBe('BadRequest');
  expect((await api.call('GET', SEATS)).status).toBe(401);
});

it.each([
  ['has no Host', ''],
  ['has an unknown Expect header', 'Host: x\r\nExpect: the unexpected\r\n'],
])('a request that %s gets a normal response', async (_, headers) => {
  const { port } = api.app.getHttpServer().address() as AddressInfo;
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  socket.end(`GET ${SEATS} HTTP/1.1\r\nConnection: close\r\n${headers}\r\n`);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  expect(answer).toMatch(/^HTTP\/1\.1 401 [^]*x-request-id: [^]*"error":"Unauthorized"/i);
});

it.each([
  ['GET', `${SEATS}/?subscription_id=`, 422],
  ['GET', '/v1/members/', 200],
  ['GET', '/health/live/', 200],
  ['GET', '/v1/nothing/', 404],
])('a trailing slash makes no difference: %s %s', async (method, url, status) => {
  expect((await tenant.call(method, url)).status).toBe(status);
});
