import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { validateEvent } from 'polar-sdk-0/webhooks';
import { webhooks as webhooks2026 } from 'polar-sdk-1/2026-04';
import { webhooks as webhooks2027 } from 'polar-sdk-1/2027-01';
import { receiver as expressReceiver } from '../../examples/receivers/express.js';
import { receiver as fastifyReceiver } from '../../examples/receivers/fastify.js';
import { type Handle, receiver as polarReceiver } from '../../examples/receivers/polar.js';
import { newSecret, signedHeaders, signingKeys } from '../../src/webhooks/webhook.js';
import type { Tenant } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { deliveriesOf, endpoint, startWebhooks, type Webhooks } from './fixtures.js';
import { type Delivery, Receiver } from './receiver.js';

const TYPES = ['customer_seat.assigned', 'customer_seat.claimed', 'customer_seat.revoked'];

type Verify = (body: string, headers: Record<string, string>, secret: string) => unknown;
const VERIFIERS: [string, Verify][] = [
  ['standardwebhooks', (body, headers, secret) => new Webhook(secret).verify(body, headers)],
  ['@polar-sh/sdk 0.47', validateEvent],
  ['@polar-sh/sdk 1.0, 2026-04', webhooks2026.validateEvent],
  ['@polar-sh/sdk 1.0, 2027-01', webhooks2027.validateEvent],
];

let service: Webhooks;
let tenant: Tenant;
let secret: string;
let deliveries: Map<string, Delivery>;

/** The events in the life of a seat. */
async function live(tenant: Tenant): Promise<void> {
  const { id } = await tenant.subscription(1);
  const body = { subscription_id: id, email: 'ada@example.com', metadata: { team: 'ä' } };
  const assigned = await tenant.call('POST', '/v1/customer-seats?include=invitation', { body });
  const invitation_token = assigned.body.invitation.token;
  await tenant.call('POST', '/v1/customer-seats/claim', { body: { invitation_token } });
  await tenant.call('DELETE', `/v1/customer-seats/${assigned.body.id}`);
}

beforeAll(async () => {
  service = await startWebhooks();
  tenant = await service.tenant();
  const receiver = await Receiver.start();
  ({ secret } = await endpoint(tenant, receiver.url));
  await live(tenant);
  await service.send();
  await receiver.close();
  deliveries = new Map(receiver.deliveries.map((each) => [JSON.parse(each.body).type, each]));
});
afterAll(() => service.closeAll());

describe.each(VERIFIERS)('%s', (_, verify) => {
  const check = async (delivery: Partial<Delivery>, by = secret) =>
    verify(delivery.body ?? '', delivery.headers ?? {}, by);
  const of = (type: string) => deliveries.get(type) as Delivery;

  it.each(TYPES)('accepts %s', async (type) => {
    expect(await check(of(type))).toMatchObject({ type, data: { email: 'ada@example.com' } });
  });

  it.each(TYPES)('refuses %s with a changed byte', async (type) => {
    const { body, headers } = of(type);
    const changed = body.replace('ada@', 'adb@');
    await expect(check({ body: changed, headers })).rejects.toThrow(/signature/);
  });

  it('refuses a wrong secret', async () => {
    await expect(check(of(TYPES[0] as string), newSecret())).rejects.toThrow(/signature/);
  });

  it('refuses an old timestamp', async () => {
    const { body, headers } = of(TYPES[0] as string);
    const id = headers['webhook-id'] as string;
    const old = Math.floor(Date.now() / 1000) - 600;
    const signed = signedHeaders(id, old, body, signingKeys(secret));
    await expect(check({ body, headers: signed })).rejects.toThrow(/too old/);
  });

  it('refuses a timestamp that was not signed', async () => {
    const { body, headers } = of(TYPES[0] as string);
    const later = String(Number(headers['webhook-timestamp']) + 1);
    await expect(
      check({ body, headers: { ...headers, 'webhook-timestamp': later } }),
    ).rejects.toThrow(/signature/);
  });

  it('accepts the old and the new secret during a rotation', async () => {
    const [one, two] = [newSecret(), newSecret()];
    const { body } = of(TYPES[0] as string);
    const headers = signedHeaders(
      'id',
      Math.floor(Date.now() / 1000),
      body,
      [one, two].flatMap(signingKeys),
    );
    await check({ body, headers }, one);
    await check({ body, headers }, two);
  });
});

describe('a test delivery', () => {
  it.each(TYPES)('of %s is accepted by the strictest client', async (type) => {
    const receiver = await Receiver.start();
    const created = await endpoint(tenant, receiver.url, { events: [type] });
    await tenant.call('POST', `/v1/webhooks/endpoints/${created.id}/test`);
    await service.send();
    const { body, headers } = receiver.last;
    expect(validateEvent(body, headers, created.secret)).toMatchObject({ type });
    await tenant.call('DELETE', `/v1/webhooks/endpoints/${created.id}`);
    await receiver.close();
  });
});

const EXAMPLES: [string, (secret: string, handle: Handle) => Promise<Server>][] = [
  ['Express', async (by, handle) => createServer(expressReceiver(by, handle))],
  [
    'Fastify',
    async (by, handle) => {
      const app = fastifyReceiver(by, handle);
      await app.ready();
      return app.server;
    },
  ],
  ['Polar’s client', async (by, handle) => polarReceiver(by, handle)],
];

describe.each(EXAMPLES)('the example with %s', (_, start) => {
  it('handles each real delivery once, and refuses forged ones', async () => {
    const own = await service.tenant();
    const events: string[] = [];
    const known = newSecret();
    const server = (await start(known, ({ type }) => void events.push(type))).listen(
      0,
      '127.0.0.1',
    );
    if (!server.listening) await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`;
    await endpoint(own, url, { secret: known });
    await live(own);
    await service.send();
    await eventually('it has handled them', () => events.length === 3);
    const [first] = (await own.call('GET', '/v1/events')).body.items;
    await own.call('POST', `/v1/webhooks/events/${first.id}/redeliver`);
    await service.send();
    expect((await deliveriesOf(own)).map(({ http_code }) => http_code)).toEqual(Array(4).fill(204));
    expect(events.sort()).toEqual(TYPES);

    const forged = signedHeaders(
      'x',
      Math.floor(Date.now() / 1000),
      '{}',
      signingKeys(newSecret()),
    );
    const { status } = await fetch(url, { method: 'POST', headers: forged, body: '{}' });
    expect(status).toBe(401);
    server.closeAllConnections();
    server.close();
  });
});
