import { Readable } from 'node:stream';
import { jest } from '@jest/globals';
import { ValidationPipe } from '@nestjs/common';
import { SLICE } from '../../../src/platform/slices.js';
import { HOSTILE_BODIES } from '../../support/hostile-bodies.js';
import { type Answer, startApp, type Tenant, type TestApp } from '../../support/app.js';
import { UNKNOWN_ID, problems, SEATS } from '../../seats/fixtures.js';

// Bytes. 100 problems with an input of 1 KB each.
const LONGEST_RESPONSE = 150 * 1024;
const JSON_TYPE = { 'content-type': 'application/json' };

let api: TestApp;
let tenant: Tenant;

beforeAll(async () => {
  api = await startApp();
  tenant = await api.tenant();
});
afterAll(() => api?.close());
afterEach(() => jest.restoreAllMocks());

const send = (method: string, url: string, body: Buffer | Readable, token: string | null) =>
  api.call(method, url, { body, token, headers: JSON_TYPE });

/** Routes with the names of the lists that they read. */
const ROUTES: [method: string, url: string, hasToken: boolean, lists: string[]][] = [
  ['POST', `${SEATS}/bulk`, true, ['seats']],
  ['POST', `${SEATS}/bulk-revoke`, true, ['seat_ids', 'emails']],
  ['POST', `${SEATS}/bulk`, false, []],
  ['POST', SEATS, true, []],
  ['POST', `${SEATS}/claim`, false, []],
  ['PATCH', `/v1/subscriptions/${UNKNOWN_ID}`, true, []],
];

/** The texts of more than 1 KB that JSON.parse has read, and the bodies that reached the validator. */
function watchWork() {
  const parse = jest.spyOn(JSON, 'parse');
  const validate = jest.spyOn(ValidationPipe.prototype, 'transform');
  return {
    parsed: () => parse.mock.calls.filter(([text]) => String(text).length > 1024).length,
    validated: () =>
      validate.mock.calls.filter(([, { type }]) => type === 'body').map(([value]) => value),
  };
}

/** The most items in one of the named lists of any of the bodies. */
function longestList(bodies: unknown[], names: string[]): number {
  const lists = names.flatMap((name) =>
    bodies.map((body) => (body as Record<string, unknown>)[name]).filter(Array.isArray),
  );
  return Math.max(0, ...lists.map((list) => list.length));
}

describe('a hostile body', () => {
  it.each(HOSTILE_BODIES)('gets a bounded 4xx on every route: $name', async (body) => {
    const bytes = body.bytes();
    for (const [method, url, hasToken, lists] of ROUTES) {
      const work = watchWork();
      const answer = await send(method, url, bytes, hasToken ? tenant.token : null);
      const route = `${method} ${url}`;
      expect([route, [400, 401, 404, 413, 422].includes(answer.status)]).toEqual([route, true]);
      expect(JSON.stringify(answer.body).length).toBeLessThan(LONGEST_RESPONSE);
      // The validator reads a long list in slices.
      expect(longestList(work.validated(), lists)).toBeLessThanOrEqual(SLICE);
      if (body.refusedByOutline) {
        expect([route, work.parsed(), work.validated()]).toEqual([route, 0, []]);
        expect([401, 413, 422]).toContain(answer.status);
      }
      jest.restoreAllMocks();
    }
  });
});

describe('a body of more than 1 MiB', () => {
  const large = (text: string) => Buffer.from(`{"padding":"${'x'.repeat(2 * 1024 * 1024)}"${text}`);

  it.each([
    ['with its length', large('')],
    ['in chunks, without its length', Readable.from([large('')])],
  ])('is not parsed without a token when it is sent %s', async (_, body) => {
    const work = watchWork();
    const answer = await send('POST', `${SEATS}/bulk`, body, null);
    expect([answer.status, answer.body.error, work.parsed()]).toEqual([401, 'Unauthorized', 0]);
  });

  it('is parsed with a token, as often as it is sent', async () => {
    for (let count = 0; count < 5; count += 1) {
      const answer = await send('POST', `${SEATS}/bulk`, large('}'), tenant.token);
      expect(problems(answer)).toEqual([['missing', 'body', 'seats']]);
    }
  });

  it('waits while another one of the same organization runs', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => send('POST', `${SEATS}/bulk`, large('}'), tenant.token)),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(422));
  });
});

describe('a long list', () => {
  const bulk = (seats: unknown[]): Promise<Answer> =>
    tenant.call('POST', `${SEATS}/bulk`, { body: { subscription_id: UNKNOWN_ID, seats } });
  const good = (index: number) => ({ email: `p${index}@example.com` });

  it('is refused for its length before any item is validated', async () => {
    const work = watchWork();
    const answer = await bulk(Array(10_001).fill(0));
    expect(problems(answer)).toEqual([['too_long', 'body', 'seats']]);
    expect(JSON.stringify(answer.body).length).toBeLessThan(1500);
    expect(work.validated()).toEqual([]);
  });

  it('names broken items by their place in the whole list', async () => {
    const seats = Array.from({ length: 950 }, (_, index) => good(index)) as object[];
    seats[0] = { email: 5 };
    seats[99] = { metadata: 5, email: 'p@example.com' };
    seats[100] = {};
    seats[949] = { email: 'x' };
    expect(problems(await bulk(seats))).toEqual([
      ['string_type', 'body', 'seats', 0, 'email'],
      ['dict_type', 'body', 'seats', 99, 'metadata'],
      ['value_error', 'body', 'seats', 949, 'email'],
    ]);
    Object.assign(seats, { 0: good(0), 99: good(99), 949: good(949) });
    expect(problems(await bulk(seats))).toEqual([['value_error', 'body', 'seats', 100]]);
    seats[100] = good(100);
    expect((await bulk(seats)).status).toBe(404);
  });

  it('of ids or e-mails names its first broken item', async () => {
    const emails = Array.from({ length: 500 }, (_, index) => `p${index}@example.com`);
    Object.assign(emails, { 301: 'x', 402: 'y' });
    const answer = await tenant.call('POST', `${SEATS}/bulk-revoke`, {
      body: { subscription_id: UNKNOWN_ID, emails },
    });
    expect(problems(answer)).toEqual([['value_error', 'body', 'emails', 301]]);
  });

  it('has at most 100 problems in its 422', async () => {
    expect(problems(await bulk(Array(1000).fill({ email: 5 })))).toHaveLength(100);
    expect(problems(await bulk(Array(1000).fill({})))).toHaveLength(100);
  });
});

describe('a repeated query key', () => {
  it('is refused for its number before any value is validated', async () => {
    const query = Array(500).fill('status=x').join('&');
    const answer = await tenant.call('GET', `${SEATS}?subscription_id=${UNKNOWN_ID}&${query}`);
    expect(problems(answer)).toEqual([['too_long', 'query', 'status']]);
  });
});
