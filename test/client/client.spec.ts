import type { AddressInfo } from 'node:net';
import {
  createSeatsClient,
  type SeatsClient,
  SeatsError,
  verifyWebhook,
  type WebhookPayload,
  WebhookVerificationError,
} from '../../clients/typescript/src/index.js';
import { newEmail, UNKNOWN_ID } from '../seats/fixtures.js';
import type { Tenant } from '../support/app.js';
import { endpoint, startWebhooks, type Webhooks } from '../webhooks/fixtures.js';
import { type Delivery, Receiver } from '../webhooks/receiver.js';

/* The client in clients/typescript against the service, over HTTP. */

let service: Webhooks;
let baseUrl: string;
let tenant: Tenant;
let seats: SeatsClient;

beforeAll(async () => {
  service = await startWebhooks({ RATE_LIMIT_TOKEN: '1000' });
  await service.app.listen(0, '127.0.0.1');
  const { port } = service.app.getHttpServer().address() as AddressInfo;
  baseUrl = `http://127.0.0.1:${port}`;
  tenant = await service.tenant();
  seats = createSeatsClient({ baseUrl, token: tenant.token });
});
afterAll(() => service.closeAll());

const sell = (places: number) =>
  seats.putSubscription(`sub-${newEmail()}`, {
    product: { external_id: 'pro', name: 'Pro plan' },
    customer: { external_id: 'crm-4711', email: 'buyer@example.com', name: 'Example Ltd' },
    seats: places,
  });

/** The error with which the request is refused. */
async function errorOf(request: Promise<unknown>): Promise<SeatsError> {
  const error = await request.catch((thrown: unknown) => thrown);
  if (!(error instanceof SeatsError)) throw new Error('no SeatsError was thrown');
  return error;
}

describe('the TypeScript client', () => {
  it('sells, assigns many seats, checks access, replaces and revokes', async () => {
    const { id: subscription_id, product_id } = await sell(5);
    const [ada, grace, joan] = [newEmail(), newEmail(), newEmail()];
    const people = [{ email: ada, immediate_claim: true }, { email: grace }];
    const bulk = await seats.bulkAssignSeats(
      { subscription_id, seats: people },
      { query: { include: 'invitation' } },
    );
    expect(bulk).toMatchObject({ failed: [], available_seats: 3, total_seats: 5 });
    expect(bulk.seats.map(({ status }) => status)).toEqual(['claimed', 'pending']);

    const token = bulk.seats[1]?.invitation?.token ?? '';
    expect(await seats.getClaimInfo(token)).toMatchObject({ product_name: 'Pro plan' });
    expect((await seats.claimSeat({ invitation_token: token })).seat.status).toBe('claimed');
    expect(await seats.checkAccess({ product_id, email: ada })).toMatchObject({ has_access: true });

    const adasId = bulk.seats[0]?.id ?? '';
    const joansSeat = await seats.replaceSeat(adasId, { email: joan });
    expect(joansSeat).toMatchObject({ status: 'pending', email: joan });
    expect(await seats.checkAccess({ product_id, email: ada })).toEqual({
      has_access: false,
      seat: null,
    });

    const revoked = await seats.bulkRevokeSeats({ subscription_id, emails: [grace, joan] });
    expect(revoked).toMatchObject({ revoked_count: 2, failed: [], available_seats: 5 });
    const list = await seats.listSeats({ subscription_id, status: ['revoked', 'pending'] });
    expect(list.seats.map(({ status }) => status)).toEqual(['revoked', 'revoked', 'revoked']);
  });

  it('reads all events, page by page', async () => {
    const { id: subscription_id } = await sell(3);
    for (let n = 0; n < 3; n += 1) await seats.assignSeat({ subscription_id, email: newEmail() });
    await seats.bulkRevokeSeats({ subscription_id, all: true });
    const types: string[] = [];
    for await (const event of seats.everyEvent({ subscription_id, limit: 2 })) {
      types.push(event.type === 'customer_seat.revoked' ? event.reason : event.type);
    }
    expect(types).toEqual([
      ...Array<string>(3).fill('customer_seat.assigned'),
      ...Array<string>(3).fill('requested'),
    ]);
  });

  it('repeats a request with the same key without effect', async () => {
    const { id: subscription_id } = await sell(2);
    const body = { subscription_id, email: newEmail() };
    const first = await seats.assignSeat(body, { idempotencyKey: 'key 1' });
    expect(await seats.assignSeat(body, { idempotencyKey: 'key 1' })).toEqual(first);
  });

  it('deletes something without a response body', async () => {
    const created = await seats.createWebhookEndpoint({ url: 'https://example.com/hook' });
    expect(await seats.deleteWebhookEndpoint(created.id)).toBeUndefined();
    expect((await errorOf(seats.getWebhookEndpoint(created.id))).status).toBe(404);
  });
});

describe('an error of the TypeScript client', () => {
  it('has the name, the sentence and the id of the request', async () => {
    const error = await errorOf(seats.getSeat(UNKNOWN_ID));
    expect(error).toMatchObject({ status: 404, error: 'ResourceNotFound', retryAfter: undefined });
    expect(error.message).toMatch(/^404 ResourceNotFound: .+\.$/);
    expect(error.requestId).toMatch(/.{8}/);
  });

  it('gives its body the type of its name', async () => {
    const { id: subscription_id } = await sell(1);
    const people = [{ email: newEmail() }, { email: newEmail() }];
    const request = seats.bulkAssignSeats({ subscription_id, mode: 'atomic', seats: people });
    const error = await errorOf(request);
    if (!error.is('BulkAssignmentFailed')) throw error;
    expect(error.body.failed?.map(({ error: name }) => name)).toEqual(['SeatNotAvailable']);
    expect(error.is('SeatNotPending')).toBe(false);
  });

  it('names the problems of an invalid request', async () => {
    const error = await errorOf(seats.assignSeat({ email: 'ada@example.com' }));
    expect(error.message).toMatch(/^422 RequestValidationError: body: /);
    const wrong = createSeatsClient({ baseUrl, token: 'seat_oat_wrong' });
    expect((await errorOf(wrong.listEvents())).message).toMatch(/^401 invalid_token: /);
  });

  it('has no name if something else answered', async () => {
    const proxy = async () => new Response('<h1>Bad gateway</h1>', { status: 502 });
    const client = createSeatsClient({ baseUrl, token: tenant.token, fetch: proxy });
    const error = await errorOf(client.listProducts());
    expect(error).toMatchObject({ status: 502, error: undefined, body: undefined });
  });
});

describe('verifyWebhook', () => {
  let secret: string;
  let delivery: Delivery;

  beforeAll(async () => {
    const receiver = await Receiver.start();
    ({ secret } = await endpoint(tenant, receiver.url));
    const { id: subscription_id } = await sell(1);
    await seats.assignSeat({ subscription_id, email: 'ada@example.com', metadata: { team: 'ä' } });
    await service.send();
    await receiver.close();
    delivery = receiver.last;
  });

  it('returns the event of a delivery', () => {
    const event: WebhookPayload = verifyWebhook({ ...delivery, secret });
    if (event.type !== 'customer_seat.assigned') throw new Error(event.type);
    expect(event.data).toMatchObject({ email: 'ada@example.com', seat_metadata: { team: 'ä' } });
    const bytes = { body: Buffer.from(delivery.body), headers: new Headers(delivery.headers) };
    expect(verifyWebhook({ ...bytes, secret })).toEqual(event);
  });

  const other = `whsec_${Buffer.alloc(32).toString('base64')}`;
  const without = (name: string) => ({ ...delivery.headers, [name]: undefined });
  it.each([
    ['another body', () => ({ body: delivery.body.replace('ada', 'eve') })],
    ['another secret', () => ({ secret: other })],
    ['another id', () => ({ headers: { ...delivery.headers, 'webhook-id': UNKNOWN_ID } })],
    ['an old timestamp', () => ({ headers: { ...delivery.headers, 'webhook-timestamp': '1' } })],
    [
      'no number as timestamp',
      () => ({ headers: { ...delivery.headers, 'webhook-timestamp': 'x' } }),
    ],
    ['no signature', () => ({ headers: without('webhook-signature') })],
    ['no timestamp', () => ({ headers: without('webhook-timestamp') })],
    [
      'an empty signature',
      () => ({ headers: { ...delivery.headers, 'webhook-signature': 'v1,' } }),
    ],
  ])('refuses a delivery with %s', (_, change) => {
    expect(() => verifyWebhook({ ...delivery, secret, ...change() })).toThrow(
      WebhookVerificationError,
    );
  });
});
