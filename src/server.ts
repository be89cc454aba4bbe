import type { Server as HttpServer } from 'node:http';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type Demo, prepareDemo } from './demo/demo.js';
import { WorkerLoops } from './effects/worker-loops.js';
import { startMetricsServer } from './health/metrics.server.js';
import { createHttpApp } from './http.js';
import { finishRequests } from './connections.js';
import { buildOpenApi, serveDocs } from './openapi.js';
import { Settings } from './platform/config.js';
import type { Logger } from './platform/logger.js';
import { Metrics } from './platform/metrics.js';
import { RootModule } from './root.module.js';
import { ClaimStreams } from './seats/claim-streams.js';
import { checkPort, checkRedis, openDatabase, portProblem } from './startup.js';

/** A running process of the service. */
export interface Server {
  /** With the ports that were chosen, and the database that was started. */
  settings: Settings;
  /** What was made, or found, for trying the service out. */
  demo: Demo | undefined;
  /**
   * Stops taking requests, lets those in flight finish, stops the worker, closes the database:
   * in this order, so that nothing is cut off from what it needs.
   */
  stop(): Promise<void>;
}

type Undo = (() => Promise<void>)[];

/**
 * Starts what the role asks for. When it fails nothing is left running.
 * @throws {StartupError} with one line for a person.
 */
export async function startServer(given: Settings, logger: Logger): Promise<Server> {
  const reachable = await withPorts(given);
  await checkRedis(reachable);
  const { settings, close } = await openDatabase(reachable);
  const undo: Undo = [close];
  const stop = async () => {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
  };
  try {
    const app = await createHttpApp(RootModule.with(settings), settings, logger);
    undo.push(() => app.close());
    const api = settings.role !== 'worker';
    if (api) serveDocs(app, buildOpenApi(app));
    await app.init();
    // Before the first request can come: what is shown at the start works from the start.
    const demo = api && settings.demo ? await prepareDemo(app) : undefined;
    await serveMetrics(app, settings, undo);
    await listen(app, settings, undo);
    if (settings.role !== 'api') app.get(WorkerLoops, { strict: false }).start();
    return { settings, demo, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The settings with ports that are free. */
async function withPorts(given: Settings): Promise<Settings> {
  const settings = Object.assign(new Settings(), given);
  const { host, port, metricsPort } = settings;
  settings.port = await checkPort('PORT', host, port);
  if (metricsPort !== undefined) {
    settings.metricsPort = await checkPort('METRICS_PORT', host, metricsPort);
  }
  if (port === 0) settings.publicUrl = settings.publicUrl.replace(/:0$/, `:${settings.port}`);
  return settings;
}

async function listen(app: NestFastifyApplication, settings: Settings, undo: Undo) {
  const { host, port } = settings;
  await app.listen(port, host).catch((error: unknown) => {
    throw portProblem('PORT', port, error);
  });
  undo.push(() => {
    if (settings.role !== 'worker') app.get(ClaimStreams, { strict: false }).endAll();
    return finishRequests(app.getHttpServer());
  });
}

async function serveMetrics(app: NestFastifyApplication, settings: Settings, undo: Undo) {
  const { host, metricsPort } = settings;
  if (metricsPort === undefined) return;
  const metrics = app.get(Metrics);
  const server = await startMetricsServer(metrics, host, metricsPort).catch((error: unknown) => {
    throw portProblem('METRICS_PORT', metricsPort, error);
  });
  undo.push(() => stopServer(server));
}

async function stopServer(server: HttpServer): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
