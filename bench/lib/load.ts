/*
 * Generates the load in a separate process: keeps a number of connections busy for some seconds,
 * then reports the latencies and failures. Each connection sends its next request when the answer to
 * the last one is complete. It implements a minimal HTTP client, to leave most of the CPU to the
 * server on the same machine.
 *
 * The parent process sends a {@link Load} as a message and gets a {@link Driven}.
 */
import { connect, type Socket } from 'node:net';

/** The requests of a load. In `path` and `body`, `{n}` is replaced by the number of the request. */
export interface Requests {
  method: 'GET' | 'POST';
  path: string;
  headers: Record<string, string>;
  body?: string;
  /** `{item}` is replaced by each of these in turn. */
  items?: string[];
  /** Each item is used once. When there are no more, the load ends. */
  once?: boolean;
  /** The status that a good answer has; 200 without one. */
  status?: number;
}

export interface Load {
  port: number;
  connections: number;
  seconds: number;
  requests: Requests;
}

/** The result of a load. */
export interface Driven {
  seconds: number;
  /** Milliseconds of each request. */
  latencies: number[];
  /** How many requests failed, and the answers to the first of them. */
  failed: number;
  failures: string[];
  /** How many requests were sent. */
  sent: number;
}

const HEAD_END = '\r\n\r\n';
const SHOWN_FAILURES = 3;
const SHOWN_LENGTH = 500;

class Generator {
  private readonly load: Load;
  private readonly head: string;
  // Different in every load, so that no load repeats the e-mails of another one.
  private readonly run = crypto.randomUUID().slice(0, 8);
  private readonly driven: Driven = {
    seconds: 0,
    latencies: [],
    failed: 0,
    failures: [],
    sent: 0,
  };

  constructor(load: Load) {
    this.load = load;
    const headers = { Host: `127.0.0.1:${load.port}`, ...load.requests.headers };
    this.head = Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('');
  }

  async drive(): Promise<Driven> {
    const { connections, seconds } = this.load;
    const begun = performance.now();
    const until = begun + seconds * 1000;
    await Promise.all(Array.from({ length: connections }, () => this.keepBusy(until)));
    return { ...this.driven, seconds: (performance.now() - begun) / 1000 };
  }

  private async keepBusy(until: number): Promise<void> {
    const { port, requests } = this.load;
    const good = `HTTP/1.1 ${requests.status ?? 200} `;
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    while (performance.now() < until) {
      const request = this.nextRequest();
      if (request === undefined) break;
      const begun = performance.now();
      const answer = await ask(socket, request).catch((error: unknown) => String(error));
      this.driven.latencies.push(performance.now() - begun);
      if (!answer.startsWith(good)) this.fail(answer);
      if (socket.destroyed) break;
    }
    socket.destroy();
  }

  private nextRequest(): string | undefined {
    const { items = [''], once: isOnce, method, path, body } = this.load.requests;
    const n = this.driven.sent;
    if (isOnce && n >= items.length) return undefined;
    this.driven.sent += 1;
    const fill = (template: string) =>
      template
        .replaceAll('{n}', `${this.run}-${n}`)
        .replaceAll('{item}', items[n % items.length] as string);
    const content = fill(body ?? '');
    const length = body === undefined ? '' : `Content-Length: ${Buffer.byteLength(content)}\r\n`;
    return `${method} ${fill(path)} HTTP/1.1\r\n${this.head}${length}\r\n${content}`;
  }

  private fail(answer: string): void {
    this.driven.failed += 1;
    if (this.driven.failures.length < SHOWN_FAILURES) {
      this.driven.failures.push(answer.slice(0, SHOWN_LENGTH));
    }
  }
}

/** Sends a request. @returns the whole answer, as latin1. */
function ask(socket: Socket, request: string): Promise<string> {
  const answer = new Answer();
  return new Promise((resolve, reject) => {
    const end = (error?: Error) => {
      socket.off('data', read).off('error', end).off('close', closed);
      if (error) reject(error);
      else resolve(answer.text());
    };
    const closed = () => end(new Error('the server closed the connection'));
    const read = (chunk: Buffer) => {
      if (answer.take(chunk)) end();
    };
    socket.on('data', read).once('error', end).once('close', closed);
    socket.write(request);
  });
}

/** An answer that arrives in pieces. */
class Answer {
  private readonly pieces: string[] = [];
  private length = 0;
  /** The length of the whole answer; undefined before its head is complete, NaN if chunked. */
  private whole: number | undefined;

  /** @returns whether the answer is complete. */
  take(chunk: Buffer): boolean {
    this.pieces.push(chunk.toString('latin1'));
    this.length += chunk.length;
    this.whole ??= this.readHead();
    if (this.whole === undefined) return false;
    if (Number.isNaN(this.whole)) return this.text().endsWith(`0${HEAD_END}`);
    return this.length >= this.whole;
  }

  text(): string {
    return this.pieces.join('');
  }

  private readHead(): number | undefined {
    const text = this.text();
    const end = text.indexOf(HEAD_END);
    if (end === -1) return undefined;
    const head = text.slice(0, end);
    const length = /content-length: *(\d+)/i.exec(head)?.[1];
    return /transfer-encoding: *chunked/i.test(head)
      ? NaN
      : end + HEAD_END.length + Number(length ?? 0);
  }
}

if (import.meta.main) {
  process.on('message', (load: Load) => {
    void new Generator(load).drive().then((driven) => process.send?.(driven));
  });
}
