import { buildOpenApi } from '../../../src/openapi.js';
import { sessionFor } from '../../portal/fixtures.js';
import { CLAIM, newSeat, SEATS } from '../../seats/fixtures.js';
import { startApp, type Tenant, type TestApp } from '../../support/app.js';

/*
 * Garbage, the same requests in every run: whatever comes, the answer has a shape that clients
 * know, and it is never our fault.
 */

const REQUESTS = 300;
const REQUESTS_A_ROUTE = 6;
const SEED = 20_261_122;

let api: TestApp;
let tenant: Tenant;
let seat: any;

beforeAll(async () => {
  api = await startApp();
  tenant = await api.tenant();
  seat = await newSeat(tenant);
});
afterAll(() => api?.close());

/** Random numbers below 1 that a seed repeats (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const random = randomOf(SEED);
const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
const times = (most: number) => Array.from({ length: Math.floor(random() * (most + 1)) });

const TEXTS = [
  ...['', ' ', 'a', '0', '1', 'true', 'null', 'NaN', '\0', 'a\0b', '\ud800', '\udfff\ud800', '😀'],
  ...['%00', '%zz', '../..', "'; DROP TABLE seats; --", '${7*7}', '{{x}}', '\n\r\t', '\u202e'],
  ...['a@b.co', 'A@B.CO', '@', 'a@', 'İ@example.com', 'ß@example.com', `${'x'.repeat(70)}@a.com`],
  ...['__proto__', 'constructor', 'toString', 'then', 'x'.repeat(300), 'é'.repeat(2000)],
];
const KEYS = [
  ...['subscription_id', 'order_id', 'checkout_id', 'checkout_client_secret', 'email', 'metadata'],
  ...['customer_id', 'external_customer_id', 'member_id', 'external_member_id', 'immediate_claim'],
  ...['invitation_token', 'send_invitation', 'invitation_expires_in', 'if_assigned', 'seats'],
];

function value(depth = 0): unknown {
  const leaf = () =>
    pick<() => unknown>([
      () => pick(TEXTS),
      () => pick([0, -0, 1, -1, 0.1, 1e21, 1e308, 5e-324, 2 ** 53, -(2 ** 63), 2 ** 31]),
      () => pick([true, false, null]),
      () => pick([seat.id, seat.subscription_id, seat.member_id, seat.customer_id, seat.email]),
      () => `urn:uuid:${String(seat.subscription_id).toUpperCase()}`,
    ])();
  if (depth > 4 || random() < 0.7) return leaf();
  if (random() < 0.5) return times(5).map(() => value(depth + 1));
  return Object.fromEntries(times(12).map(() => [pick([...KEYS, ...TEXTS]), value(depth + 1)]));
}

function body(): unknown {
  if (random() < 0.2) return value();
  const sound = random() < 0.6 ? { subscription_id: seat.subscription_id } : {};
  const keys = times(5).map(() => [pick([...KEYS, ...TEXTS]), value()]);
  return { ...sound, ...Object.fromEntries(keys) };
}

/** A text that is JSON in the end, or nearly. */
function payload(): string | undefined {
  const text = JSON.stringify(body());
  return pick([
    () => text,
    () => text,
    () => text,
    () => text.slice(0, Math.floor(random() * text.length)),
    () => text.replace(/\d+/, '1e999'),
    () => `${text}${pick(TEXTS)}`,
    () => undefined,
  ])();
}

const segment = () => encodeURIComponent(String(pick([...TEXTS, seat.id]).toWellFormed()));
const query = (keys: string[] = KEYS) =>
  times(4)
    .map(() => `${pick(keys)}=${pick([segment(), '%zz', '%00', '%ff', ''])}`)
    .join('&');

const ROUTES: (() => [method: string, url: string])[] = [
  () => ['POST', SEATS],
  () => ['POST', SEATS],
  () => ['GET', `${SEATS}?${query()}`],
  () => ['DELETE', `${SEATS}/${segment()}?${query()}`],
  () => ['POST', `${SEATS}/${segment()}/resend`],
  () => ['GET', `${CLAIM}/${segment()}`],
  () => ['GET', `${CLAIM}/${segment()}/stream`],
  () => ['POST', CLAIM],
  () => [pick(['PUT', 'PATCH', 'OPTIONS', 'GET']), `${SEATS}/${segment()}/${segment()}`],
];

function headers(token: string): Record<string, string> {
  const chosen: Record<string, string> = {};
  const type = pick(['application/json', 'application/json', 'text/plain', ';;', 'x', undefined]);
  const garbage = () => pick(TEXTS).replace(/[^\x20-\x7e]/g, '?');
  if (type !== undefined) chosen['content-type'] = type;
  chosen['authorization'] = pick([`Bearer ${token}`, `bearer ${token}`, garbage()]);
  if (random() < 0.8) chosen['authorization'] = `Bearer ${token}`;
  if (random() < 0.3) chosen['x-request-id'] = garbage();
  if (random() < 0.1) chosen['accept'] = garbage();
  if (random() < 0.2) chosen['idempotency-key'] = garbage();
  return chosen;
}

function complaintOf(answer: any): string | undefined {
  const { status } = answer;
  if (status >= 500) return 'a failure of ours';
  if (answer.headers['cache-control'] !== 'private, no-store') return 'may be cached';
  if (!answer.headers['x-request-id']) return 'has no request id';
  if (status < 400) return undefined;
  const { error, detail, error_description } = answer.body;
  if (typeof error !== 'string') return 'has no error';
  if (status !== 422)
    return typeof (detail ?? error_description) === 'string' ? undefined : 'detail';
  const isProblem = (each: any) =>
    typeof each.type === 'string' &&
    typeof each.msg === 'string' &&
    'input' in each &&
    ['body', 'query', 'path', 'header'].includes(each.loc?.[0]);
  return detail.length > 0 && detail.every(isProblem) ? undefined : 'is no list of problems';
}

/** Sends it, and tells what is wrong with the answer. */
async function complaintsAbout(method: string, url: string, text: unknown, token: string) {
  const sent = method !== 'GET' && text !== undefined;
  const options = { headers: headers(token), ...(sent && { body: text }) };
  const answer = await api.call(method, url, options);
  const complaint = complaintOf(answer);
  return complaint === undefined ? [] : [{ complaint, method, url, options, answer: answer.body }];
}

test(`${REQUESTS} requests of garbage are all answered as the contract says`, async () => {
  const complaints = [];
  for (let count = 0; count < REQUESTS; count += 1) {
    const [method, url] = pick(ROUTES)();
    complaints.push(...(await complaintsAbout(method, url, payload(), tenant.token)));
  }
  expect(complaints).toEqual([]);
});

test('so is garbage among what is right, on every route of the API', async () => {
  // What they change is not there for anybody else: one of them may switch seats off.
  const other = await api.tenant();
  const sold = await other.subscription(5);
  const session = await sessionFor(other, { customer_id: sold.customer_id });
  const checkout = await other.create('checkouts', { product_id: sold.product_id, seats: 2 });
  const url = 'https://example.com/hook';
  const endpoint = await other.create('webhooks/endpoints', {
    url,
    events: ['customer_seat.claimed'],
  });
  const ids = [sold.id, sold.product_id, sold.customer_id, checkout.id, endpoint.id, other.id];
  /** One of the bodies that the docs offer, with garbage at a key or two. */
  const spoilt = (examples: any[]): string => {
    if (examples.length === 0 || random() < 0.1) return JSON.stringify(value());
    const { value: sound } = pick(examples);
    const keys = [...Object.keys(sound), pick(TEXTS)];
    return JSON.stringify({
      ...sound,
      ...Object.fromEntries(times(2).map(() => [pick(keys), value()])),
    });
  };

  const { paths } = buildOpenApi(api.app);
  const complaints = [];
  for (const [path, methods] of Object.entries<any>(paths)) {
    for (const [method, { parameters = [], requestBody }] of Object.entries<any>(methods)) {
      if (!path.startsWith('/v1/')) continue;
      const examples = Object.values<any>(requestBody?.content['application/json'].examples ?? {});
      const keys = parameters
        .filter((each: any) => each.in === 'query')
        .map((each: any) => each.name);
      const token = path.includes('customer-portal') ? session : other.token;
      for (let count = 0; count < REQUESTS_A_ROUTE; count += 1) {
        const address = path.replaceAll(/\{\w+\}/g, () => pick([segment, () => pick(ids)])());
        const asked = `${address}?${query([...keys, ...KEYS])}`;
        complaints.push(
          ...(await complaintsAbout(method.toUpperCase(), asked, spoilt(examples), token)),
        );
      }
    }
  }
  expect(complaints).toEqual([]);
});
