/*
 * The load: keeps a number of connections busy with assignments for some seconds, and writes what
 * it saw as JSON. It speaks just enough HTTP itself, so that it takes little from the machine that
 * it shares with the server.
 *
 * node bench/load.ts '{"port", "token", "subscriptions", "connections", "seconds"}'
 */
import { connect, type Socket } from 'node:net';

interface Load {
  port: number;
  token: string;
  subscriptions: string[];
  connections: number;
  seconds: number;
}

const load = JSON.parse(process.argv[2] as string) as Load;
const latencies: number[] = [];
const failures: string[] = [];
const run = crypto.randomUUID().slice(0, 8);
let sent = 0;

/** The next assignment: a new person, in the next pool. */
function nextRequest(): string {
  const subscription_id = load.subscriptions[sent % load.subscriptions.length];
  const body = JSON.stringify({ subscription_id, email: `${run}-${sent}@example.com` });
  sent += 1;
  return (
    'POST /v1/customer-seats HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
    `Authorization: Bearer ${load.token}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  );
}

/** Sends one request after the other until the time is up. */
async function keepBusy(until: number): Promise<void> {
  const socket = connect({ port: load.port, host: '127.0.0.1', noDelay: true });
  while (performance.now() < until) {
    const begun = performance.now();
    const answer = await ask(socket, nextRequest());
    latencies.push(performance.now() - begun);
    if (!answer.startsWith('HTTP/1.1 200')) failures.push(answer.slice(0, 600));
  }
  socket.destroy();
}

function ask(socket: Socket, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const read = (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (!isWhole(text)) return;
      socket.off('data', read).off('error', reject);
      resolve(text);
    };
    socket.on('data', read).once('error', reject);
    socket.write(request);
  });
}

function isWhole(answer: string): boolean {
  const end = answer.indexOf('\r\n\r\n');
  const length = /content-length: (\d+)/i.exec(answer)?.[1];
  return end !== -1 && answer.length >= end + 4 + Number(length);
}

const begun = performance.now();
await Promise.all(
  Array.from({ length: load.connections }, () => keepBusy(begun + load.seconds * 1000)),
);
const seconds = (performance.now() - begun) / 1000;
process.stdout.write(JSON.stringify({ seconds, latencies, failures: failures.slice(0, 3) }));
