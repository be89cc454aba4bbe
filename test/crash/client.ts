import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { Call, Operation } from './history.js';

/** Longer than the service may take for an answer. */
const TIMEOUT_MS = 15_000;

/** A request to be sent. */
export interface Sending {
  operation: Operation;
  method: string;
  path: string;
  body?: object;
  key?: string;
}

/** Sends requests to one of several servers, and keeps all of them with their answers. */
export class Recorder {
  readonly calls: Call[] = [];
  private readonly agent = new Agent({ keepAlive: true });

  constructor(
    private readonly ports: number[],
    private readonly token: string,
  ) {}

  /** Sends a request that is part of the history. Never rejects. */
  async send(sending: Sending, server: number): Promise<Call> {
    const call: Call = {
      ...sending,
      id: randomUUID(),
      startedAt: Date.now(),
      endedAt: 0,
      status: 'none',
    };
    const answer = await this.exchange(call, server).catch(() => undefined);
    call.endedAt = Date.now();
    if (answer !== undefined) Object.assign(call, answer);
    this.calls.push(call);
    return call;
  }

  /** Reads something. The history does not contain it. @returns undefined without an answer. */
  async read(path: string, server: number): Promise<any> {
    const call = { id: randomUUID(), method: 'GET', path };
    const answer = await this.exchange(call, server).catch(() => undefined);
    return answer?.status === 200 ? answer.answer : undefined;
  }

  close(): void {
    this.agent.destroy();
  }

  private exchange(
    { id, method, path, body, key }: Pick<Call, 'id' | 'method' | 'path' | 'body' | 'key'>,
    server: number,
  ): Promise<Pick<Call, 'status' | 'answer' | 'replayed'>> {
    const port = this.ports[server % this.ports.length];
    const payload = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const asking = request(
        {
          agent: this.agent,
          host: '127.0.0.1',
          port,
          method,
          path: `/v1/${path}`,
          headers: {
            authorization: `Bearer ${this.token}`,
            'x-request-id': id,
            ...(payload && {
              'content-type': 'application/json',
              'content-length': Buffer.byteLength(payload),
            }),
            ...(key && { 'idempotency-key': key }),
          },
          signal: AbortSignal.timeout(TIMEOUT_MS),
        },
        (response) => {
          let text = '';
          response
            .setEncoding('utf8')
            .on('data', (piece: string) => (text += piece))
            .on('error', reject)
            .on('end', () => {
              if (!response.complete) return reject(new Error('the answer was cut'));
              resolve({
                status: response.statusCode as number,
                answer: text === '' ? undefined : JSON.parse(text),
                ...(response.headers['idempotent-replayed'] && { replayed: true }),
              });
            });
        },
      );
      asking.on('error', reject).end(payload);
    });
  }
}
