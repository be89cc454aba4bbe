import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Metrics } from '../platform/metrics.js';
import { METRICS_TYPE } from './metrics.controller.js';

/** Serves /metrics alone, on a port that the outside need not reach. */
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
    metrics.registry.metrics().then(
      (text) => response.setHeader('content-type', METRICS_TYPE).end(text),
      () => response.writeHead(500).end(),
    );
  });
  server.listen(port, host);
  await once(server, 'listening');
  return server;
}
