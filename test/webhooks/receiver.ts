import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Delivery {
  headers: Record<string, string>;
  body: string;
}

/** Handles a delivery. */
export type Reply = (delivery: Delivery, response: ServerResponse) => void;

/** Answers with this status, headers and text. */
export const answer =
  (status: number, headers: Record<string, string> = {}, text = ''): Reply =>
  (_delivery, response) =>
    void response.writeHead(status, headers).end(text);

/** A real HTTP server that receives webhooks and keeps every delivery. */
export class Receiver {
  readonly deliveries: Delivery[] = [];
  /** The number of opened sockets, with or without a request. */
  connections = 0;
  reply: Reply = answer(200);
  private readonly server = createServer((request, response) => {
    void this.receive(request, response);
  });

  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    receiver.server.on('connection', () => (receiver.connections += 1));
    receiver.server.listen(0, '127.0.0.1');
    await once(receiver.server, 'listening');
    return receiver;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hooks`;
  }

  /** The webhook-ids in order of arrival. */
  get ids(): string[] {
    return this.deliveries.map(({ headers }) => headers['webhook-id'] as string);
  }

  get types(): string[] {
    return this.deliveries.map(({ body }) => JSON.parse(body).type);
  }

  get last(): Delivery {
    const delivery = this.deliveries.at(-1);
    if (delivery === undefined) throw new Error('nothing has come');
    return delivery;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const headers = request.headers as Record<string, string>;
    const delivery = { headers, body: Buffer.concat(chunks).toString() };
    this.deliveries.push(delivery);
    this.reply(delivery, response);
  }
}
