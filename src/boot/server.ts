import type { Server as HttpServer } from 'node:http';
import { Logger as NestLog } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type Demo, DemoService } from '../demo/demo.service.js';
import { WorkerLoops } from '../effects/worker-loops.js';
import { startMetricsServer } from '../health/metrics.server.js';
import { createHttpApp } from './http-app.js';
import { finishRequests, leaveRotation } from './drain.js';
import { serveDocs } from '../docs/docs.js';
import { Settings } from '../platform/settings.js';
import { type Logger, NestLogger } from '../platform/logger.js';
import { Draining } from '../platform/http/draining.js';
import { Mailer } from '../platform/mail/mailer.js';
import { Metrics } from '../platform/metrics.js';
import { RootModule } from './root.module.js';
import { ClaimStreams } from '../seats/claim/claim-streams.js';
import {
  checkPort,
  checkQueue,
  checkRedis,
  type DatabaseProvider,
  openDatabaseOfServer,
  portProblem,
} from './preflight.js';
import { Shutdown } from './shutdown.js';

// Connections that the kernel keeps until the process accepts them. A client whose connection does not
// fit waits a second or more before it tries again.
const BACKLOG = 4_096;

/** A running process of the service. */
export interface Server {
  /** The settings with the actual ports and the address of the actual database. */
  settings: Settings;
  /** Undefined unless this process runs the API and `settings.demo` is set. */
  demo: Demo | undefined;
  /**
   * Lets readiness fail for SHUTDOWN_DELAY, stops accepting requests, waits for the requests in
   * flight, stops the worker, and closes the database. In this order, each part stops before the
   * parts that it depends on. A failed step is logged, and the other steps still run.
   * @throws {Error} after the last step, if any step failed.
   */
  stop(): Promise<void>;
}

/**
 * Starts the API, the worker or both, as the role says. When the start fails, nothing keeps running.
 * @throws {StartupError} with a one-line message.
 */
export async function startServer(
  given: Settings,
  logger: Logger,
  provideDatabase?: DatabaseProvider,
): Promise<Server> {
  // The checks log through Nest before it has an application.
  NestLog.overrideLogger(new NestLogger(logger));
  const reachable = await withPorts(given);
  await checkRedis(reachable);
  const { settings, close } = await openDatabaseOfServer(reachable, provideDatabase, (sentence) =>
    logger.info(sentence),
  );
  const shutdown = new Shutdown(logger);
  shutdown.add('database', close);
  try {
    await checkQueue(settings);
    const app = await createHttpApp(RootModule.with(settings), settings, logger);
    shutdown.add('application', () => app.close());
    const api = settings.role !== 'worker';
    let demo: Demo | undefined;
    if (api) serveDocs(app, settings, () => demo?.token);
    await app.init();
    // Before the first request can arrive, so that the printed examples work from the start.
    if (api && settings.demo) demo = await app.get(DemoService, { strict: false }).prepare();
    await serveMetrics(app, settings, shutdown);
    await listen(app, settings, shutdown);
    if (settings.role !== 'api') {
      app.get(WorkerLoops, { strict: false }).start();
      void checkMailServer(app.get(Mailer, { strict: false }), logger);
    }
    return { settings, demo, stop: () => shutdown.run() };
  } catch (error) {
    // The log has the failures of the shutdown. They must not hide the reason why the start failed.
    await shutdown.run().catch(() => undefined);
    throw error;
  }
}

/** Warns when the mail server cannot be used. Mails wait, so this is no reason not to start. */
async function checkMailServer(mailer: Mailer, logger: Logger): Promise<void> {
  try {
    await mailer.check();
  } catch (error) {
    const { message } = error as Error;
    logger.warn(`SMTP_URL: the mail server cannot be used (${message}). Mails wait until it can.`);
  }
}

/** The settings with free ports. */
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

async function listen(app: NestFastifyApplication, settings: Settings, shutdown: Shutdown) {
  const { host, port } = settings;
  await app.listen({ port, host, backlog: BACKLOG }).catch((error: unknown) => {
    throw portProblem('PORT', port, error);
  });
  shutdown.add('requests', () => finishRequests(app.getHttpServer()));
  // Ends the streams before the server waits for its connections, because a stream does not end by
  // itself.
  if (settings.role !== 'worker') {
    shutdown.add('claim streams', () => app.get(ClaimStreams, { strict: false }).endAll());
    shutdown.add('rotation', () => leaveRotation(app.get(Draining), settings.shutdownDelay));
  }
}

async function serveMetrics(app: NestFastifyApplication, settings: Settings, shutdown: Shutdown) {
  const { host, metricsPort } = settings;
  if (metricsPort === undefined) return;
  const metrics = app.get(Metrics);
  const server = await startMetricsServer(metrics, host, metricsPort).catch((error: unknown) => {
    throw portProblem('METRICS_PORT', metricsPort, error);
  });
  shutdown.add('metrics', () => stopServer(server));
}

async function stopServer(server: HttpServer): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
