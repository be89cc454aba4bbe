import type { IncomingMessage, Server, ServerResponse } from 'node:http';

const LOOK_AGAIN_MS = 50;
// Shorter than the patience of those who stop us (main.ts), longer than a query may take to fail.
const FINISH_MS = 15_000;

/** The requests that a server has in flight, so that it can stop without cutting them off. */
export class OpenConnections {
  private readonly responses = new Set<ServerResponse>();

  constructor(private readonly server: Server) {
    server.prependListener('request', (_: IncomingMessage, response: ServerResponse) => {
      this.responses.add(response);
      response.once('close', () => this.responses.delete(response));
    });
  }

  /**
   * Takes no new connections and waits for the requests in flight. Streams of events would never
   * end by themselves; they are cut, and their clients connect again elsewhere. So are requests
   * that take longer than 15 s. Connections that a client keeps open with nothing on them are closed.
   */
  async finish(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    const look = setInterval(() => this.closeIdle(), LOOK_AGAIN_MS);
    const limit = setTimeout(() => this.server.closeAllConnections(), FINISH_MS);
    this.closeIdle();
    await closed;
    clearInterval(look);
    clearTimeout(limit);
  }

  private closeIdle(): void {
    for (const response of this.responses) {
      const type = String(response.getHeader('content-type') ?? '');
      if (type.startsWith('text/event-stream')) response.destroy();
    }
    this.server.closeIdleConnections();
  }
}
