import { jest } from '@jest/globals';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { ClaimRepository } from '../../../src/seats/claim/claim.repository.js';
import { ClaimService } from '../../../src/seats/claim/claim.service.js';
import { ClaimStreams } from '../../../src/seats/claim/claim-streams.js';
import type { InvitedSeat } from '../../../src/seats/seats.sql.js';
import { Database } from '../../../src/platform/database/database.js';
import { startApp, type Tenant, type TestApp } from '../../support/app.js';
import {
  assign,
  CLAIM,
  claim,
  claimed,
  errorOf,
  newEmail,
  newSeat,
  revoke,
  type Seat,
  setOrganization,
  tokenOf,
} from '../fixtures.js';

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

/** The seat of an invitation. */
async function invitedBy(token: string): Promise<InvitedSeat> {
  return (await api.app.get(ClaimService).lookUp([token])).get(token) as InvitedSeat;
}

/** Opens the stream of an invitation. `next` skips empty lines and comments. */
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

const eventOf = (seat: Seat, product_id: string) => ({
  key: 'customer_seat.claimed',
  payload: {
    seat_id: seat.id,
    subscription_id: seat.subscription_id,
    order_id: seat.order_id,
    product_id,
  },
});
const dataOf = (line: string | undefined) => JSON.parse(String(line).replace(/^data: /, ''));

describe('GET /v1/customer-seats/claim/{invitation_token}/stream', () => {
  it('sends the claim of its own seat, and of no other', async () => {
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

  it('shows the order of the seat', async () => {
    const { id, product_id } = await tenant.order(1);
    const seat = await assign(tenant, { order_id: id, email: newEmail() });
    const { next } = await listen(await tokenOf(api, seat.id));
    await claimed(api, seat);
    expect(dataOf(await next())).toEqual(eventOf(seat, product_id));
  });

  it('reaches every client that waits for the seat', async () => {
    const seat = await newSeat(tenant);
    const token = await tokenOf(api, seat.id);
    const streams = await Promise.all([listen(token), listen(token), listen(token)]);
    await claim(api, token);
    const lines = await Promise.all(streams.map(({ next }) => next()));
    expect(lines.map((line) => dataOf(line).payload.seat_id)).toEqual([seat.id, seat.id, seat.id]);
  });

  it('ignores an access token, even an invalid one', async () => {
    const token = await tokenOf(api, (await newSeat(tenant)).id);
    opened.push(new AbortController());
    const response = await fetch(`${origin}${CLAIM}/${token}/stream`, {
      headers: { authorization: 'Bearer bad' },
      signal: (opened[0] as AbortController).signal,
    });
    expect(response.status).toBe(200);
  });

  it('answers 404 for an invitation that cannot be claimed', async () => {
    const [used, gone] = [await newSeat(tenant), await newSeat(tenant)];
    const tokens = [await tokenOf(api, used.id), await tokenOf(api, gone.id), 'unknown'];
    await claimed(api, used);
    await revoke(tenant, gone.id);
    for (const token of tokens) {
      const answer = await api.call('GET', `${CLAIM}/${token}/stream`);
      expect(errorOf(answer)).toEqual([404, 'ResourceNotFound']);
    }
  });

  it('answers 403 when seats are switched off', async () => {
    const token = await tokenOf(api, (await newSeat(tenant)).id);
    await setOrganization(api, tenant, { seats_enabled: false });
    const answer = await api.call('GET', `${CLAIM}/${token}/stream`);
    expect(errorOf(answer)).toEqual([403, 'FeatureNotEnabled']);
  });

  it('holds no database connection while it waits', async () => {
    const token = await tokenOf(api, (await newSeat(tenant)).id);
    // More streams than the database pool has connections.
    const count = api.settings.databasePoolSize + 5;
    await Promise.all(Array.from({ length: count }, () => listen(token)));
    expect((await claim(api, token)).status).toBe(200);
  });

  it('sends a comment every 15 seconds, and ends after 10 minutes with a reconnect', async () => {
    const token = await tokenOf(api, (await newSeat(tenant)).id);
    const invited = await invitedBy(token);
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    const stream = api.app.get(ClaimStreams).open(invited).setEncoding('utf8');
    expect(stream.read()).toBe(': waiting\n\n');
    jest.advanceTimersByTime(15_000);
    expect(stream.read()).toBe(': waiting\n\n');
    jest.advanceTimersByTime(585_000);
    expect(stream.read()).toMatch(/data: \{"type":"reconnect"\}\n\n$/);
    expect(stream.writableEnded).toBe(true);
  });
});

describe('the query that all streams share', () => {
  let streams: ClaimStreams;
  beforeEach(() => {
    streams = new ClaimStreams(api.app.get(ClaimRepository));
  });
  // Open streams have timers of ten minutes, which would keep the process of the tests alive.
  afterEach(() => streams.endAll());

  /** A stream of this instance, and the texts that it has sent. */
  async function watch(seat: Seat) {
    const stream = streams.open(await invitedBy(await tokenOf(api, seat.id)));
    const texts: string[] = [];
    stream.setEncoding('utf8').on('data', (text: string) => texts.push(text));
    await once(stream, 'data');
    return { stream, texts };
  }

  it('leaves out a seat whose claim was sent', async () => {
    const [one, two] = [await newSeat(tenant), await newSeat(tenant)];
    const [first, second] = [await watch(one), await watch(two)];
    for (const [seat, { stream }] of [[one, first] as const, [two, second] as const]) {
      await claimed(api, seat);
      await once(stream, 'data');
    }
    expect(first.texts.filter((text) => text.includes('claimed'))).toHaveLength(1);
  });

  it('leaves out a stream that was closed', async () => {
    const { stream } = await watch(await newSeat(tenant));
    stream.destroy();
    await once(stream, 'close');
    expect(streams['watchers'].size).toBe(0);
  });
});

describe('when the process stops', () => {
  const FAKE = { doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] as const };
  let invited: any;
  let streams: ClaimStreams;
  let ask: jest.SpiedFunction<ClaimRepository['claimedAmong']>;

  beforeEach(async () => {
    invited = await invitedBy(await tokenOf(api, (await newSeat(tenant)).id));
    const repository = new ClaimRepository(api.app.get(Database));
    ask = jest.spyOn(repository, 'claimedAmong');
    streams = new ClaimStreams(repository);
    jest.useFakeTimers({ doNotFake: [...FAKE.doNotFake] });
  });

  /** Opens a stream and records its errors, such as a write after the end. */
  function open() {
    const stream = streams.open(invited).setEncoding('utf8');
    const errors: Error[] = [];
    stream.on('error', (error) => errors.push(error));
    return { stream, errors };
  }
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  it('streams end, and afterwards nothing is written to them or queried for them', async () => {
    const { stream, errors } = open();
    streams.endAll();
    jest.advanceTimersByTime(11 * 60_000);
    await settled();
    expect(stream.read()).toMatch(/^: waiting\n\ndata: \{"type":"reconnect"\}\n\n$/);
    expect(errors).toEqual([]);
    expect(ask).not.toHaveBeenCalled();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('an answer that comes afterwards is not written', async () => {
    const answer = Promise.withResolvers<string[]>();
    ask.mockReturnValue(answer.promise);
    const { stream, errors } = open();
    jest.advanceTimersByTime(500);
    expect(ask).toHaveBeenCalledTimes(1);
    streams.endAll();
    answer.resolve([invited.seat_id]);
    await settled();
    expect(stream.read()).not.toContain('claimed');
    expect(errors).toEqual([]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('a stream that is opened afterwards ends at once', () => {
    streams.endAll();
    const { stream } = open();
    expect(stream.writableEnded).toBe(true);
    expect(stream.read()).toMatch(/"reconnect"/);
    expect(jest.getTimerCount()).toBe(0);
  });
});
