import { jest } from '@jest/globals';
import { connect, type AddressInfo } from 'node:net';
import { Controller, Get, Module, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { createHttpApp } from '../../../src/http.js';
import { OrganizationsService } from '../../../src/organizations/organizations.service.js';
import { TokenAuthenticator } from '../../../src/organizations/tokens.authenticator.js';
import { newToken } from '../../../src/platform/crypto.js';
import { Database, sql } from '../../../src/platform/database/database.js';
import { createLogger } from '../../../src/platform/logger.js';
import { PlatformModule } from '../../../src/platform/platform.module.js';
import { SessionAuthenticator } from '../../../src/portal/sessions.authenticator.js';
import type { Answer, CallOptions, Tenant, TestApp } from '../../support/app.js';
import { startApp } from '../../support/app.js';
import {
  errorOf,
  newEmail,
  newSeat,
  NOBODY,
  problems,
  SEATS,
  tokenOf,
} from '../../seats/fixtures.js';
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
/** POST of a text that says it is JSON. */
const postText = (text: string, options: CallOptions = {}) =>
  post({ body: text, headers: JSON_TYPE, ...options });
const person = () => ({ ...body, email: newEmail() });

describe('the order of checks', () => {
  const tooLarge = 'x'.repeat(MIB + 1);
  let reader: string;

  beforeAll(async () => {
    reader = await tenant.tokenWith('customer_seats:read');
  });

  test.each<[string, () => Promise<Answer>, [number, string]]>([
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
      () => post({ body: { subscription_id: NOBODY, email: newEmail() }, token: null }),
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
      () => post({ body: { subscription_id: NOBODY } }),
      [422, 'RequestValidationError'],
    ],
  ])('is %s', async (_, send, expected) => {
    expect(errorOf(await send())).toEqual(expected);
  });
});

describe('the Authorization header', () => {
  test.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])('may say %s', async (scheme) => {
    const headers = { authorization: `${scheme} ${tenant.token}` };
    expect((await post({ body: person(), token: null, headers })).status).toBe(200);
  });

  test.each([undefined, 'Basic YTpi', 'Token x', ''])('%j is no token', async (value) => {
    const headers: Record<string, string> = value === undefined ? {} : { authorization: value };
    const answer = await post({ body: person(), token: null, headers });
    expect(answer).toMatchObject({
      status: 401,
      body: { error: 'Unauthorized', detail: expect.any(String) },
      headers: { 'www-authenticate': 'Bearer' },
    });
  });

  test.each(['Bearer', 'Bearer ', 'Bearer x', 'Bearer a b', `Bearer ${BAD}`, 'Bearer seat_cst_x'])(
    '%j is a bad token, told as OAuth tells it',
    async (authorization) => {
      const answer = await post({ body: person(), token: null, headers: { authorization } });
      expect(answer.status).toBe(401);
      expect(answer.body).toEqual({
        error: 'invalid_token',
        error_description: expect.any(String),
      });
    },
  );

  test('a token without the scope is told so as OAuth tells it', async () => {
    const answer = await post({ body: person(), token: await tenant.tokenWith() });
    expect(answer.status).toBe(403);
    expect(answer.body).toEqual({
      error: 'insufficient_scope',
      error_description: expect.stringContaining('customer_seats:write'),
    });
  });

  test('write does not imply read, nor read write', async () => {
    const writer = await tenant.tokenWith('customer_seats:write');
    const reader = await tenant.tokenWith('customer_seats:read');
    const url = `${SEATS}?subscription_id=${String(body['subscription_id'])}`;
    const answers = [
      await tenant.call('GET', url, { token: writer }),
      await tenant.call('GET', url, { token: reader }),
      await tenant.call('DELETE', `${SEATS}/${NOBODY}`, { token: reader }),
      await tenant.call('POST', `${SEATS}/${NOBODY}/resend`, { token: reader }),
      await tenant.call('POST', SEATS, { token: reader, body: person() }),
      await tenant.call('POST', SEATS, { token: writer, body: person() }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 200, 403, 403, 403, 200]);
  });
});

describe('a body', () => {
  test.each(['{', '{"a":}', 'nul', '"', '{"a":1}x', "{'a':1}", '\u0000', '[1,]'])(
    '%j is malformed JSON',
    async (text) => expect(problems(await postText(text))).toEqual([['json_invalid', 'body']]),
  );

  test.each(['[]', '[{}]', '"text"', '5', 'true', 'null', '1e999'])(
    '%s is no object',
    async (text) => expect(problems(await postText(text))).toEqual([['dict_type', 'body']]),
  );

  test.each([
    ['nothing at all', {}],
    ['an empty text that says it is JSON', { body: '', headers: JSON_TYPE }],
  ])('is missing: %s', async (_, options) => {
    expect(problems(await post(options))).toEqual([['missing', 'body']]);
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'no type'])(
    'of type %s is a 422',
    async (type) => {
      const headers = { 'content-type': type };
      const answer = await post({ body: JSON.stringify(person()), headers });
      expect(problems(answer)[0]?.[1]).toBe('body');
    },
  );

  test('that is a form is none, however well it is filled in', async () => {
    const form = new URLSearchParams(person() as Record<string, string>).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect(problems(await post({ body: form, headers }))).toEqual([['dict_type', 'body']]);
  });

  test.each(['application/json; charset=utf-8', 'Application/JSON', 'application/json;x=1'])(
    'of type %s is read',
    async (type) => {
      const text = JSON.stringify(person());
      expect((await postText(text, { headers: { 'content-type': type } })).status).toBe(200);
    },
  );

  test('that is empty but says it is JSON is no error on GET, DELETE and resend', async () => {
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

  test.each([
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

  test.each([
    ['lists', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['objects', '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000)],
  ])('of 100,000 nested %s is a 422', async (_, nested) => {
    const answer = await postText(`{"metadata":{"a":${nested}}}`);
    expect(problems(answer)).toEqual([['value_error', 'body']]);
  });

  test.each(['POST', 'DELETE'])('of %s may not be nested so, with a key either', async (method) => {
    const nested = `{"metadata":${'['.repeat(5_000)}${']'.repeat(5_000)}}`;
    const url = method === 'POST' ? SEATS : `${SEATS}/${NOBODY}`;
    const headers = { ...JSON_TYPE, 'idempotency-key': 'deep' };
    const answer = await tenant.call(method, url, { body: nested, headers });
    expect(problems(answer)).toEqual([['value_error', 'body']]);
  });

  test('that is no UTF-8 is no JSON', async () => {
    const bytes = Buffer.from(JSON.stringify({ ...person(), metadata: { a: 'xx' } }));
    bytes.fill(0xff, bytes.indexOf('xx'), bytes.indexOf('xx') + 2);
    expect(problems(await post({ body: bytes, headers: JSON_TYPE }))).toEqual([
      ['json_invalid', 'body'],
    ]);
  });

  test.each(['{"toString":1}', '{"toString":null}', '[{"toString":1}]', '{}', '[]', 'null'])(
    'has no boolean in %s',
    async (text) => {
      const answer = await post({ body: { ...person(), immediate_claim: JSON.parse(text) } });
      expect(problems(answer)).toEqual([['bool_type', 'body', 'immediate_claim']]);
    },
  );

  test.each(['"a<b"@example.com', '"a\u0001b"@example.com', 'a>@example.com'])(
    'has no address to write to in %j',
    async (email) => {
      const answer = await post({ body: { ...body, email } });
      expect(problems(answer)).toEqual([['value_error', 'body', 'email']]);
    },
  );

  test.each(['2027-02-29', '2027-02-30', '2027-04-31', '2027-13-01', '2027-00-10'])(
    'has no day in %s',
    async (day) => {
      const url = `/v1/subscriptions/${String(body['subscription_id'])}`;
      const change = { body: { current_period_end: `${day}T00:00:00Z` } };
      expect(problems(await tenant.call('PATCH', url, change))).toEqual([
        ['datetime_parsing', 'body', 'current_period_end'],
      ]);
    },
  );

  test('may hold texts of 255 characters, and no longer ones', async () => {
    const named = (length: number) => ({ body: { name: 'x'.repeat(length) } });
    expect((await tenant.call('POST', '/v1/products', named(255))).status).toBe(201);
    expect(problems(await tenant.call('POST', '/v1/products', named(256)))).toEqual([
      ['string_too_long', 'body', 'name'],
    ]);
  });

  test.each(['1e999', '-1e999'])('cannot hold a number that is none: %s', async (number) => {
    const text = JSON.stringify({ ...person(), metadata: { a: 0 } });
    const answer = await postText(text.replace('"a":0', `"a":${number}`));
    expect(problems(answer)).toEqual([['value_error', 'body', 'metadata', 'a']]);
  });

  test.each(['1e308', '5e-324', '-0', '123456789012345678901234567890', '0.1e-7'])(
    'may hold the number %s',
    async (number) => {
      const text = JSON.stringify({ ...person(), metadata: { a: 0 } });
      const answer = await postText(text.replace('"a":0', `"a":${number}`));
      expect(answer.status).toBe(200);
      expect(answer.body.seat_metadata.a).toBeCloseTo(Number(number));
    },
  );
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

  test.each([
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

describe('every answer', () => {
  test.each<[what: string, status: number, send: () => Promise<Answer>]>([
    ['a missing token', 401, () => api.call('GET', SEATS)],
    ['a missing token, whatever the query', 401, () => api.call('GET', `${SEATS}?order_id=x`)],
    ['a missing token, whatever the path', 401, () => api.call('GET', `${SEATS}/%00`)],
    ['a body that is no JSON', 422, () => postText('{', { token: null })],
    ['an unknown invitation', 404, () => api.call('GET', `${SEATS}/claim/x`)],
    ['one of 5,000 characters', 404, () => api.call('GET', `${SEATS}/claim/${'a'.repeat(5000)}`)],
    ['an unknown route', 404, () => api.call('GET', '/v1/nothing')],
    ['an unknown route, with a body', 404, () => api.call('POST', '/v1/nothing', { body: {} })],
    ['an unknown page', 404, () => api.call('GET', '/nothing')],
    ['a method that a route does not have', 404, () => api.call('PUT', SEATS, { body: {} })],
    ['an address that cannot be decoded', 404, () => api.call('GET', '/v1/%zz')],
    ['a page whose address cannot be decoded', 404, () => api.call('GET', '/%')],
  ])('has the headers of the contract: to %s', async (_, status, send) => {
    const answer = await send();
    expect(answer.status).toBe(status);
    expect(answer.headers['cache-control']).toBe('private, no-store');
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.body).toMatchObject({ error: expect.any(String) });
  });

  test.each<Record<string, string>>([
    {},
    { origin: 'https://example.com', 'access-control-request-method': 'POST' },
  ])('has them, also to a browser that asks first: %j', async (headers) => {
    const answer = await api.call('OPTIONS', SEATS, { headers });
    expect([answer.status, answer.body]).toEqual([204, '']);
    expect(answer.headers['cache-control']).toBe('private, no-store');
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test.each(['req-1', 'a'.repeat(128), 'A.b_c:9'])('carries the caller’s id %s', async (id) => {
    const headers = { 'x-request-id': id };
    for (const url of [SEATS, '/v1/nothing', '/v1/%zz']) {
      expect((await api.call('GET', url, { headers })).headers['x-request-id']).toBe(id);
    }
  });

  test.each(['', ' ', 'a b', 'a'.repeat(129), 'a\tb', '<script>'])(
    'carries an id of ours in the place of %j',
    async (id) => {
      const answer = await api.call('GET', SEATS, { headers: { 'x-request-id': id } });
      expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    },
  );

  test('has the id that its event has', async () => {
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

  /** The headers of somebody at an address that was not counted yet. */
  const newcomer = () => ({ 'x-forwarded-for': `192.0.2.${(count += 1)}` });
  const claimInfo = (app: TestApp, headers: Record<string, string>) =>
    app.call('GET', `${SEATS}/claim/x`, { headers });

  test('are counted by token, whatever address it comes from', async () => {
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
    expect(body).toEqual({ error: 'TooManyRequests', detail: expect.any(String) });
    const token = await someone.tokenWith('organization:read');
    expect((await someone.call('GET', '/v1/organization', { token })).status).toBe(200);
  });

  test.each([
    ['guessed tokens', () => newToken('seat_oat_'), 'invalid_token'],
    ['missing tokens', () => null, 'Unauthorized'],
  ])('are counted by address for %s', async (_, token, error) => {
    const headers = newcomer();
    const errors = [];
    for (let call = 0; call < 3; call += 1) {
      errors.push(errorOf(await limited.call('GET', SEATS, { token: token(), headers })));
    }
    expect(errors).toEqual([
      [401, error],
      [401, error],
      [429, 'TooManyRequests'],
    ]);
    const other = await limited.call('GET', SEATS, { token: token(), headers: newcomer() });
    expect(errorOf(other)).toEqual([401, error]);
  });

  test('come after the size and before a bad token', async () => {
    const send = (body: string) =>
      limited.call('POST', SEATS, { body, headers: JSON_TYPE, token: BAD });
    const answers = [];
    for (const text of ['', '', '', 'x'.repeat(MIB + 1)]) answers.push(errorOf(await send(text)));
    expect(answers).toEqual([
      [401, 'invalid_token'],
      [401, 'invalid_token'],
      [429, 'TooManyRequests'],
      [413, 'RequestBodyTooLarge'],
    ]);
  });

  test('are counted by address on public routes', async () => {
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

  test('take no caller’s word for an address, unless a proxy of ours brings it', async () => {
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

describe('a request', () => {
  let log: string[];
  beforeEach(() => {
    log = logOf(api.app);
  });
  const logged = () => log.map((line) => JSON.parse(line));

  test('is a line of the log: the pattern of its route, never the address', async () => {
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
        status: 200,
        ms: expect.any(Number),
        time: expect.any(String),
      },
      { ...said, route: '/claim', status: 200, ms: expect.any(Number), time: expect.any(String) },
      { ...said, route: 'unknown', status: 404, ms: expect.any(Number), time: expect.any(String) },
    ]);
    expect(log.join()).not.toMatch(new RegExp(`${token}|ada@example.com`));
  });

  test('is counted in the metrics: its method, the pattern of its route, its status', async () => {
    await api.call('GET', `${SEATS}/claim/x`);
    const { body } = await api.call('GET', '/metrics');
    expect(body).toMatch(
      /^http_request_duration_seconds_count\{method="GET",route="\/v1\/customer-seats\/claim\/:invitation_token",status="404"\} [1-9]/m,
    );
  });

  test('that we fail says nothing but its id, under which the log says why', async () => {
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

  test('that the caller got wrong is no error of the log', async () => {
    await api.call('GET', `${SEATS}/claim/x`);
    expect(logged().map(({ level }) => level)).toEqual(['info']);
  });
});

describe('a controller', () => {
  /** An application with this controller and nothing else. */
  const appOf = async (controller: new () => object) => {
    @Module({
      // Nothing here asks the database.
      imports: [PlatformModule.with(api.settings)],
      controllers: [controller],
      providers: [TokenAuthenticator, SessionAuthenticator],
    })
    class Root {}
    return createHttpApp(Root, api.settings, createLogger('silent'));
  };

  test('of the API that does not say who may call it stops the boot', async () => {
    @Controller('v1/open')
    class Open {
      @Get()
      get(): string {
        return 'to all';
      }
    }
    const app = await appOf(Open);
    await expect(app.init()).rejects.toThrow('/v1/open does not say who may call it');
    await app.close();
  });

  test('that fails when it has answered changes nothing of its answer', async () => {
    @Controller('page')
    class Page {
      @Get()
      async get(@Res() reply: FastifyReply): Promise<void> {
        await reply.send('done');
        throw new Error('too late');
      }
    }
    const app = await appOf(Page);
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

test('no statement, lock or transaction holds a connection for ever', async () => {
  const settings = await api.app.get(Database).query(sql`
    SELECT current_setting('statement_timeout') AS statement,
      current_setting('lock_timeout') AS lock,
      current_setting('idle_in_transaction_session_timeout') AS idle`);
  expect(settings).toEqual([{ statement: '30s', lock: '10s', idle: '5min' }]);
});

test.each([
  [400, 'GARBAGE\r\n\r\n'],
  [400, 'GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n'],
  [400, `POST ${SEATS} HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n`],
  [431, `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
])('what is no request to us is a %d in the shape of all errors: %#', async (status, text) => {
  const { port } = api.app.getHttpServer().address() as AddressInfo;
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  socket.end(text);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  const [head = '', content = ''] = answer.split('\r\n\r\n');
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(head).toMatch(/^x-request-id: [0-9a-f-]{36}$/im);
  expect(head).toMatch(/^cache-control: private, no-store$/im);
  expect(JSON.parse(content)).toEqual({ error: 'BadRequest', detail: expect.any(String) });
  expect((await api.call('GET', SEATS)).status).toBe(401);
});

test.each([
  ['has no Host', ''],
  ['expects what nobody can give', 'Host: x\r\nExpect: the unexpected\r\n'],
])('a request that %s is answered as any other', async (_, headers) => {
  const { port } = api.app.getHttpServer().address() as AddressInfo;
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  socket.end(`GET ${SEATS} HTTP/1.1\r\nConnection: close\r\n${headers}\r\n`);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  expect(answer).toMatch(/^HTTP\/1\.1 401 [^]*x-request-id: [^]*"error":"Unauthorized"/i);
});

test.each([
  ['GET', `${SEATS}/?subscription_id=`, 422],
  ['GET', '/v1/members/', 200],
  ['GET', '/health/live/', 200],
  ['GET', '/v1/nothing/', 404],
])('a slash at the end makes no difference: %s %s', async (method, url, status) => {
  expect((await tenant.call(method, url)).status).toBe(status);
});
