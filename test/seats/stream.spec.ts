import { jest } from '@jest/globals';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { ClaimsRepository } from '../../src/seats/claims.repository.js';
import { ClaimsService } from '../../src/seats/claims.service.js';
import { ClaimStreams } from '../../src/seats/claim-streams.js';
import type { Tenant, TestApp } from '../support/app.js';
import { startApp } from '../support/app.js';
import {
  assign,
  CLAIM,
  claim,
  claimed,
  errorOf,
  newEmail,
  newSeat,
  revoke,
  setOrganization,
  tokenOf,
} from './fixtures.js';

let api: TestApp;
let tenant: Tenant;
let origin: string;
let opened: AbortController[];

beforeAll(async () => {
  api = await startApp();
  await api.app.listen(0, '127.0.0.1');
  const { port } = api.app.getHttpServer().address() as AddressInfo;
  origin = `http://127.0.0.1:${port}`;
});
beforeEach(async () => {
  opened = [];
  tenant = await api.tenant();
});
afterEach(() => {
  jest.useRealTimers();
  opened.forEach((controller) => controller.abort());
});
afterAll(() => api?.close());

/** Opens the stream of an invitation; `next` is the next line that is no comment and not empty. */
async function listen(token: string) {
  const controller = new AbortController();
  opened.push(controller);
  const url = `${origin}${CLAIM}/${token}/stream`;
  const response = await fetch(url, { signal: controller.signal });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const next = async (): Promise<string | undefined> => {
    for (;;) {
      const end = text.indexOf('\n');
      if (end >= 0) {
        const line = text.slice(0, end);
        text = text.slice(end + 1);
        if (line !== '' && !line.startsWith(':')) return line;
        continue;
      }
      const { value, done } = (await reader?.read()) ?? { done: true, value: undefined };
      if (done) return undefined;
      text += value;
    }
  };
  return { response, next };
}

const eventOf = (seat: any, product_id: string) => ({
  key: 'customer_seat.claimed',
  payload: {
    seat_id: seat.id,
    subscription_id: seat.subscription_id,
    order_id: seat.order_id,
    product_id,
  },
});
const dataOf = (line: string | undefined) => JSON.parse(String(line).replace(/^data: /, ''));

test('the stream tells of the claim of its own seat, and of no other', async () => {
  const { id, product_id } = await tenant.subscription(2);
  const give = () => assign(tenant, { subscription_id: id, email: newEmail() });
  const [other, own] = [await give(), await give()];
  const { response, next } = await listen(await tokenOf(api, own.id));
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  expect(response.headers.get('cache-control')).toBe('private, no-store');
  await claimed(api, other);
  await claimed(api, own);
  expect(dataOf(await next())).toEqual(eventOf(own, product_id));
});

test('the seat of an order shows the order', async () => {
  const { id, product_id } = await tenant.order(1);
  const seat = await assign(tenant, { order_id: id, email: newEmail() });
  const { next } = await listen(await tokenOf(api, seat.id));
  await claimed(api, seat);
  expect(dataOf(await next())).toEqual(eventOf(seat, product_id));
});

test('everybody who waits for a seat is told', async () => {
  const seat = await newSeat(tenant);
  const token = await tokenOf(api, seat.id);
  const streams = await Promise.all([listen(token), listen(token), listen(token)]);
  await claim(api, token);
  const lines = await Promise.all(streams.map(({ next }) => next()));
  expect(lines.map((line) => dataOf(line).payload.seat_id)).toEqual([seat.id, seat.id, seat.id]);
});

test('it needs no token and does not mind one', async () => {
  const token = await tokenOf(api, (await newSeat(tenant)).id);
  opened.push(new AbortController());
  const response = await fetch(`${origin}${CLAIM}/${token}/stream`, {
    headers: { authorization: 'Bearer bad' },
    signal: (opened[0] as AbortController).signal,
  });
  expect(response.status).toBe(200);
});

test('a token that cannot be claimed has no stream', async () => {
  const [used, gone] = [await newSeat(tenant), await newSeat(tenant)];
  const tokens = [await tokenOf(api, used.id), await tokenOf(api, gone.id), 'unknown'];
  await claimed(api, used);
  await revoke(tenant, gone.id);
  for (const token of tokens) {
    const answer = await api.call('GET', `${CLAIM}/${token}/stream`);
    expect(errorOf(answer)).toEqual([404, 'ResourceNotFound']);
  }
});

test('with seats switched off there is no stream', async () => {
  const token = await tokenOf(api, (await newSeat(tenant)).id);
  await setOrganization(api, tenant, { seats_enabled: false });
  const answer = await api.call('GET', `${CLAIM}/${token}/stream`);
  expect(errorOf(answer)).toEqual([403, 'FeatureNotEnabled']);
});

test('streams that wait hold no database connection', async () => {
  const token = await tokenOf(api, (await newSeat(tenant)).id);
  // More than the pool of connections has.
  const count = api.settings.databasePoolSize + 5;
  await Promise.all(Array.from({ length: count }, () => listen(token)));
  expect((await claim(api, token)).status).toBe(200);
});

test('it comments every 15 seconds and ends after 10 minutes with a reconnect', async () => {
  const token = await tokenOf(api, (await newSeat(tenant)).id);
  const invited = await api.app.get(ClaimsService).find(token);
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  const stream = api.app.get(ClaimStreams).open(invited).setEncoding('utf8');
  expect(stream.read()).toBe(': waiting\n\n');
  jest.advanceTimersByTime(15_000);
  expect(stream.read()).toBe(': waiting\n\n');
  jest.advanceTimersByTime(585_000);
  expect(stream.read()).toMatch(/data: \{"type":"reconnect"\}\n\n$/);
  expect(stream.writableEnded).toBe(true);
});

describe('the question that all streams share', () => {
  let streams: ClaimStreams;
  beforeEach(() => {
    streams = new ClaimStreams(api.app.get(ClaimsRepository));
  });

  /** A stream of this instance, with the texts that came. */
  async function watch(seat: any) {
    const stream = streams.open(await api.app.get(ClaimsService).find(await tokenOf(api, seat.id)));
    const texts: string[] = [];
    stream.setEncoding('utf8').on('data', (text: string) => texts.push(text));
    await once(stream, 'data');
    return { stream, texts };
  }

  test('is not asked again for who was told', async () => {
    const [one, two] = [await newSeat(tenant), await newSeat(tenant)];
    const [first, second] = [await watch(one), await watch(two)];
    for (const [seat, { stream }] of [[one, first] as const, [two, second] as const]) {
      await claimed(api, seat);
      await once(stream, 'data');
    }
    expect(first.texts.filter((text) => text.includes('claimed'))).toHaveLength(1);
  });

  test('leaves out who has gone, and is asked no more when nobody is left', async () => {
    const { stream } = await watch(await newSeat(tenant));
    stream.destroy();
    await once(stream, 'close');
    expect(streams['watchers'].size).toBe(0);
  });
});
