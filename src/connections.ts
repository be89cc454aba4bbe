import type { Server } from 'node:http';

const LOOK_AGAIN_MS = 50;
// Shorter than the patience of those who stop us (main.ts), longer than a query may take to fail.
const FINISH_MS = 15_000;

/**
 * Lets a server take no new connections, and waits for the requests in flight, but for those that
 * take longer than 15 s. Connections that a client keeps open with nothing on them are closed.
 */
export async function finishRequests(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const look = setInterval(() => server.closeIdleConnections(), LOOK_AGAIN_MS);
  const limit = setTimeout(() => server.closeAllConnections(), FINISH_MS);
  await closed;
  clearInterval(look);
  clearTimeout(limit);
}
