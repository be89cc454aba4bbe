/*
 * The noise of a hostile tenant. It has its own process, so that its work does not slow down the
 * measurement. Runs until standard input ends, then prints what it has done as JSON.
 *
 * node test/noisy/noise.ts '{"port", "token", "subscription"}'
 */
import { Agent, get, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

interface Target {
  port: number;
  token: string;
  /** A subscription with more seats than the noise can assign. */
  subscription: string;
}

const BULKS = 20;
const BULK_SIZE = 10_000;
const STREAMS = 2_000;
const SLOW_READERS = 50;
const SLOW_SENDERS = 50;
const HOSTILE = 8;
const PAUSE_MS = 20;

const target = JSON.parse(process.argv[2] as string) as Target;
const done: Record<string, number> = {};
const agent = new Agent({ keepAlive: true, maxSockets: BULKS + HOSTILE });
const sockets: Socket[] = [];
let stopping = false;

/** Sends a request and counts its status. @returns the body; empty when no answer came. */
function send(what: string, method: string, path: string, body: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    const finish = (result: number | string, text: string) => {
      const name = `${what}: ${result}`;
      done[name] = (done[name] ?? 0) + 1;
      resolve(text);
    };
    const headers = {
      authorization: `Bearer ${target.token}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    request({ agent, host: '127.0.0.1', port: target.port, method, path, headers }, (response) => {
      let text = '';
      response
        .setEncoding('utf8')
        .on('data', (piece: string) => (text += piece))
        .on('error', () => finish('cut', text))
        .on('end', () => finish(response.statusCode ?? 0, text));
    })
      .on('error', () => finish('no answer', ''))
      .end(body);
  });
}

/** Assigns 10,000 people of one pool at a time. */
async function assignInBulk(loop: number): Promise<void> {
  for (let turn = 0; !stopping; turn += 1) {
    const seats = Array.from({ length: BULK_SIZE }, (_, n) => ({
      email: `p-${loop}-${turn}-${n}@example.com`,
      send_invitation: false,
    }));
    const body = JSON.stringify({ subscription_id: target.subscription, seats });
    await send('bulk', 'POST', '/v1/customer-seats/bulk', body);
  }
}

const subscription_id = target.subscription;
/** Bodies that are expensive to parse or to check. */
const BODIES: [path: string, body: string][] = [
  ['/v1/customer-seats', `${'['.repeat(500_000)}${']'.repeat(500_000)}`],
  ['/v1/customer-seats', JSON.stringify({ subscription_id, email: 'x'.repeat(1_000_000) })],
  ['/v1/customer-seats', JSON.stringify({ subscription_id, email: `${'a@'.repeat(400_000)}b` })],
  [
    '/v1/customer-seats',
    JSON.stringify(Object.fromEntries(Array.from({ length: 60_000 }, (_, n) => [`key${n}`, n]))),
  ],
  [
    '/v1/customer-seats/bulk',
    JSON.stringify({
      subscription_id,
      seats: Array.from({ length: 10_000 }, () => ({ email: 1 })),
    }),
  ],
  [
    '/v1/customer-seats/bulk',
    JSON.stringify({ subscription_id, seats: Array.from({ length: 1_000_000 }, () => ({})) }),
  ],
  ['/v1/customer-seats/bulk', `{"seats": "${'\\u0000'.repeat(1_500_000)}"}`],
];

async function sendHostileBodies(loop: number): Promise<void> {
  for (let turn = loop; !stopping; turn += 1) {
    const [path, body] = BODIES[turn % BODIES.length] as [string, string];
    await send('hostile body', 'POST', path, body);
    await sleep(PAUSE_MS);
  }
}

/** Waits for the claim of one invitation in as many connections as possible. */
async function openStreams(): Promise<void> {
  const body = JSON.stringify({ subscription_id, email: 'streams@example.com' });
  const text = await send('assign', 'POST', '/v1/customer-seats?include=invitation', body);
  const { token } = JSON.parse(text).invitation;
  const path = `/v1/customer-seats/claim/${token}/stream`;
  for (let count = 0; count < STREAMS && !stopping; count += 1) {
    get({ host: '127.0.0.1', port: target.port, path, agent: false }, (response) => {
      const name = `stream: ${response.statusCode}`;
      done[name] = (done[name] ?? 0) + 1;
      response.on('error', () => undefined).resume();
    })
      .on('socket', (socket) => sockets.push(socket))
      .on('error', () => undefined);
    if (count % 50 === 49) await sleep(PAUSE_MS);
  }
}

/** Asks for a long list and does not read it. */
async function readSlowly(): Promise<void> {
  while (!stopping) {
    const socket = open(
      `GET /v1/customer-seats?subscription_id=${subscription_id} HTTP/1.1\r\nHost: x\r\n` +
        `Authorization: Bearer ${target.token}\r\n\r\n`,
    );
    socket.pause();
    await sleep(5_000);
    socket.destroy();
  }
}

/** Sends a request byte by byte. */
async function sendSlowly(): Promise<void> {
  const text = `POST /v1/customer-seats HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n`;
  while (!stopping) {
    const socket = open('');
    for (const character of text) {
      if (stopping || socket.destroyed) break;
      socket.write(character);
      await sleep(200);
    }
    socket.destroy();
  }
}

function open(text: string): Socket {
  const socket = connect(target.port, '127.0.0.1', () => socket.write(text));
  socket.on('error', () => undefined);
  sockets.push(socket);
  return socket;
}

const times = (count: number, work: (index: number) => Promise<void>) =>
  Array.from({ length: count }, (_, index) => work(index));

process.stdin.resume().once('end', () => {
  stopping = true;
  for (const socket of sockets) socket.destroy();
  process.stdout.write(JSON.stringify(done), () => process.exit());
});
await Promise.all([
  openStreams(),
  ...times(BULKS, assignInBulk),
  ...times(HOSTILE, sendHostileBodies),
  ...times(SLOW_READERS, readSlowly),
  ...times(SLOW_SENDERS, sendSlowly),
]);
