import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Draining } from '../platform/http/draining.js';

const CLOSE_IDLE_MS = 50;
// Longer than a request may wait for a lock before it fails. Together with a webhook call in flight
// (10 s) it leaves time to close the database before the whole stop times out (signals.ts).
const REQUEST_LIMIT_MS = 12_000;

/**
 * Lets readiness fail while the server goes on accepting requests, until load balancers have noticed.
 * Otherwise they would send requests to a closed port.
 */
export async function leaveRotation(draining: Draining, seconds: number): Promise<void> {
  draining.start();
  await sleep(seconds * 1000);
}

/**
 * Stops a server gracefully. It accepts no new connections, closes idle ones, and waits up to 12 s
 * for the requests in flight. Then it closes the connections of those that still run.
 */
export async function finishRequests(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const closeIdle = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_MS);
  const limit = setTimeout(() => server.closeAllConnections(), REQUEST_LIMIT_MS);
  await closed;
  clearInterval(closeIdle);
  clearTimeout(limit);
}
