import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Metrics } from '../platform/metrics.js';
import { METRICS_TYPE } from './metrics.controller.js';

/** Serves only /metrics, on a port that need not be public. */
export async function startMetricsServer(
  metrics: Metrics,
  host: string,
  port: number,
): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
      return;
    }
    metrics.text().then(
      (text) => response.setHeader('content-type', METRICS_TYPE).end(text),
      () => response.writeHead(500).end(),
    );
  });
  server.listen(port, host);
  await once(server, 'listening');
  return server;
}
