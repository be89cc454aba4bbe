import { connect } from 'node:net';
import { type Server, startServer } from '../../../src/boot/server.js';
import type { Demo } from '../../../src/demo/demo.service.js';
import { createLogger } from '../../../src/platform/logger.js';
import { testSettings } from '../../support/app.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';

/*
 * Every kind of response has the security headers, so that a new kind of response cannot lack them
 * without a new row here.
 */

const NOTHING = "default-src 'none'; frame-ancestors 'none'";
const UNFRAMED = /^default-src 'none'; .*frame-ancestors 'none'$/;
const DOCS =
  /^default-src 'none'; style-src (?!.*unsafe).*; script-src 'self'; .*frame-ancestors 'none'$/;
const SEATS = '/v1/customer-seats';
const JSON_TYPE = { 'content-type': 'application/json' };

let database: TestDatabase;
let server: Server;
let http: Server;
let demo: Demo;

beforeAll(async () => {
  database = await testDatabase();
  const start = (PUBLIC_URL: string) =>
    startServer(
      testSettings({ DATABASE_URL: database.url, PORT: '0', DEMO: 'true', PUBLIC_URL }),
      createLogger('silent'),
    );
  server = await start('https://seats.example.com');
  http = await start('http://localhost:3000');
  demo = server.demo as Demo;
}, 60_000);
afterAll(async () => {
  await http?.stop();
  await server?.stop();
  await database?.drop();
});

const originOf = ({ settings }: Server) => `http://127.0.0.1:${settings.port}`;
const open = (path: string, init: RequestInit = {}) =>
  fetch(originOf(server) + path, { redirect: 'manual', ...init });
/** A request with the token of the demo. */
const call = (method: string, path: string, body?: object) =>
  open(path, {
    method,
    headers: { authorization: `Bearer ${demo.token}`, ...(body && JSON_TYPE) },
    ...(body && { body: JSON.stringify(body) }),
  });

/** Sends raw bytes. @returns the response, once the server closes the connection. */
async function sendBytes(bytes: string): Promise<Response> {
  const socket = connect(server.settings.port, '127.0.0.1');
  socket.end(bytes);
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  const [start = '', ...lines] = (text.split('\r\n\r\n')[0] ?? '').split('\r\n');
  const headers = lines.map((line) => line.split(': ', 2) as [string, string]);
  return new Response(null, { status: Number(start.split(' ')[1]), headers });
}

const newToken = async () =>
  (
    await call('POST', '/v1/organization-access-tokens', { name: 'x', scopes: ['events:read'] })
  ).json() as Promise<{ id: string }>;

async function portalPath(): Promise<string> {
  const subscription = await (
    await call('GET', `/v1/subscriptions/${demo.subscription_id}`)
  ).json();
  const { customer_id } = subscription as { customer_id: string };
  const session = await (await call('POST', '/v1/customer-sessions', { customer_id })).json();
  const { pathname, search } = new URL(
    (session as { customer_portal_url: string }).customer_portal_url,
  );
  return pathname + search;
}

async function claimToken(): Promise<string> {
  const email = `${Math.random()}@example.com`;
  const path = `${SEATS}?include=invitation`;
  const { subscription_id } = demo;
  const seat = await (await call('POST', path, { subscription_id, email })).json();
  return (seat as { invitation: { token: string } }).invitation.token;
}

describe('the security headers', () => {
  it.each<[what: string, status: number, policy: string | RegExp, send: () => Promise<Response>]>([
    ['a 200 of the API', 200, NOTHING, () => call('GET', '/v1/organization')],
    ['a 201', 201, NOTHING, () => call('POST', '/v1/products', { name: 'x' })],
    [
      'a 204',
      204,
      NOTHING,
      async () => call('DELETE', `/v1/organization-access-tokens/${(await newToken()).id}`),
    ],
    [
      'an event stream',
      200,
      NOTHING,
      async () => {
        const stop = new AbortController();
        const path = `${SEATS}/claim/${await claimToken()}/stream`;
        const answer = await open(path, { signal: stop.signal });
        stop.abort();
        return answer;
      },
    ],
    ['a preflight', 204, NOTHING, () => open(SEATS, { method: 'OPTIONS' })],
    ['a missing token', 401, NOTHING, () => open('/v1/organization')],
    [
      'a bad token',
      401,
      NOTHING,
      () => open('/v1/organization', { headers: { authorization: 'Bearer x' } }),
    ],
    ['a request that does not fit', 422, NOTHING, () => call('POST', SEATS, {})],
    ['an unknown object', 404, NOTHING, () => call('GET', `/v1/products/${demo.subscription_id}`)],
    ['an unknown route', 404, NOTHING, () => open('/v1/nothing')],
    ['an unknown page', 404, NOTHING, () => open('/nothing')],
    ['a URL that cannot be decoded', 404, NOTHING, () => open('/v1/%zz')],
    [
      'a body that is too large',
      413,
      NOTHING,
      () => call('POST', SEATS, { email: 'x'.repeat(1024 * 1024) }),
    ],
    ['bytes that are not HTTP', 400, NOTHING, () => sendBytes('nonsense\r\n\r\n')],
    [
      'headers that are too large',
      431,
      NOTHING,
      () => sendBytes(`GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`),
    ],
    ['the redirect to the docs', 302, NOTHING, () => open('/')],
    ['the docs', 200, DOCS, () => open('/docs')],
    ['the docs with a query', 200, DOCS, () => open('/docs?a=1')],
    ['a file of the docs', 200, NOTHING, () => open('/docs/swagger-ui-bundle.js')],
    ['the API description', 200, NOTHING, () => open('/docs/openapi.json')],
    ['a guide', 200, UNFRAMED, () => open('/docs/guides/bulk')],
    ['a guide as Markdown', 200, NOTHING, () => open('/docs/guides/bulk.md')],
    ['llms.txt', 200, NOTHING, () => open('/llms.txt')],
    ['an unknown file of the docs', 404, NOTHING, () => open('/docs/nothing.js')],
    ['liveness', 200, NOTHING, () => open('/health/live')],
    ['readiness', 200, NOTHING, () => open('/health/ready')],
    ['the metrics', 200, NOTHING, () => open('/metrics')],
    ['the claim page', 200, UNFRAMED, async () => open(`/claim?token=${await claimToken()}`)],
    ['a dead link of the claim page', 404, UNFRAMED, () => open('/claim?token=x')],
    ['the link to the portal', 200, UNFRAMED, async () => open(await portalPath())],
    ['the portal without a session', 401, UNFRAMED, () => open('/portal/seats')],
    ['an unknown page of the portal', 401, UNFRAMED, () => open('/portal/x/y')],
  ])('are on %s', async (_, status, policy, send) => {
    const answer = await send();
    expect(answer.status).toBe(status);
    const headers = Object.fromEntries(answer.headers);
    expect(headers).toMatchObject({
      'content-security-policy': expect.stringMatching(policy),
      'referrer-policy': expect.stringMatching(/^(no-referrer|same-origin|strict-origin)$/),
      'strict-transport-security': 'max-age=31536000',
      'x-content-type-options': 'nosniff',
    });
    expect(headers).not.toHaveProperty('x-powered-by');
    expect(headers).not.toHaveProperty('server');
  });

  it('do not force https where the service is reached by http', async () => {
    for (const path of ['/docs', '/v1/organization', '/portal/seats', '/dev/mailbox', '/nothing']) {
      const { headers } = await fetch(originOf(http) + path);
      expect(headers.get('content-security-policy')).toContain('frame-ancestors');
      expect(headers.has('strict-transport-security')).toBe(false);
    }
  });
});
