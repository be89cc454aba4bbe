import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { PostgresServer } from '../../tools/embedded-postgres/postgres-server.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/process.js';
import { cli, type Env, ServiceProcess } from '../support/processes.js';
import { findProgram } from '../support/programs.js';
import { RedisServer } from '../support/redis.js';
import { type Inbox, startInbox } from '../support/smtp.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { Receiver } from '../webhooks/receiver.js';

const RESTART_MS = 300;
const READY_S = 240;

/** A process of the service that is started again whenever it ends, as an orchestrator does. */
export class SupervisedProcess {
  private process: ServiceProcess | undefined;
  private stopping = false;
  private loop: Promise<void> | undefined;
  readonly url: string;
  /** The end of the output of the processes that have ended. */
  output = '';
  /** How often it was started. */
  starts = 0;

  constructor(
    private readonly env: Env,
    readonly port: number,
    private readonly root: string | undefined,
  ) {
    this.url = `http://127.0.0.1:${port}`;
  }

  start(): void {
    this.loop = this.run();
  }

  kill(): void {
    this.process?.kill('SIGKILL');
  }

  /** Resolves when the process answers that it is ready. */
  async ready(): Promise<void> {
    await eventually(
      `${this.url} is ready`,
      async () => {
        const answer = await fetch(`${this.url}/health/ready`, {
          signal: AbortSignal.timeout(5_000),
        }).catch(() => undefined);
        await answer?.text();
        return answer?.status === 200;
      },
      READY_S,
    );
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.kill();
    await this.loop;
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      this.starts += 1;
      this.process = ServiceProcess.spawn({ ...this.env, PORT: String(this.port) }, this.root);
      const { stdout, stderr } = await this.process.ended;
      this.output = (this.output + stdout + stderr).slice(-200_000);
      await sleep(RESTART_MS);
    }
  }
}

/** A deployment as in production, whose parts can be killed: two APIs, two workers, and the rest. */
export interface Stage {
  postgres: { crash(downMs: number): Promise<void>; client(): Promise<Client> };
  redis: RedisServer | undefined;
  apis: SupervisedProcess[];
  workers: SupervisedProcess[];
  /** One for each API. Clients use these. */
  proxies: TcpProxy[];
  inbox: Inbox;
  receiver: Receiver;
  /** The tenant of the run. */
  token: string;
  /** Creates an organization. @returns a token with all scopes. */
  newTenant(slug: string): Promise<string>;
  close(): Promise<void>;
}

/** The settings of one deployment. */
export interface StageOptions {
  queue: 'redis' | 'postgres';
  env?: Env;
  /** The folder of a build of the previous release. The second API and the second worker run it. */
  previous?: string;
}

/**
 * Starts a deployment with its own PostgreSQL cluster, which writes every commit to the disk.
 * @throws {Error} when a part does not start, or when redis-server is missing.
 */
export async function startStage({
  queue,
  env: more = {},
  previous,
}: StageOptions): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), 'seats-crash-'));
  const ends: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true })];
  const close = async () => {
    for (const end of ends.toReversed()) await end().catch(() => undefined);
  };
  try {
    const postgres = await startPostgres(directory, ends);
    const inbox = await startInbox();
    ends.push(() => inbox.close());
    const receiver = await Receiver.start();
    ends.push(() => receiver.close());
    const redis = queue === 'redis' ? await startRedis(directory) : undefined;
    ends.push(async () => redis?.kill());
    const env: Env = {
      NODE_ENV: 'test',
      LOG_LEVEL: 'warn',
      DATABASE_URL: postgres.url,
      ...(redis && { REDIS_URL: redis.url }),
      SMTP_URL: inbox.url,
      MAIL_FROM: 'Seats <seats@example.com>',
      PUBLIC_URL: 'http://localhost:3000',
      WEBHOOK_ALLOW_PRIVATE: 'true',
      RATE_LIMIT_TOKEN: '0',
      RATE_LIMIT_PUBLIC: '0',
      RESEND_INTERVAL: '0',
      ...more,
    };
    const start = async (role: string, root?: string) => {
      const process = new SupervisedProcess({ ...env, APP_ROLE: role }, await freePort(), root);
      process.start();
      ends.push(() => process.stop());
      return process;
    };
    // The first process applies the migrations.
    const api = await start('api');
    await api.ready();
    const apis = [api, await start('api', previous)];
    const workers = [await start('worker'), await start('worker', previous)];
    await Promise.all([...apis, ...workers].map((process) => process.ready()));
    const proxies = apis.map(({ port }) => new TcpProxy(port));
    for (const proxy of proxies) {
      await proxy.open();
      ends.push(() => proxy.cut());
    }
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await cli(env, ...args, '--json');
      if (code !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
      return JSON.parse(stdout);
    };
    const newTenant = async (slug: string): Promise<string> => {
      await run('org', 'create', '--slug', slug, '--name', `The ${slug} company`);
      return (await run('token', 'create', '--org', slug, '--all-scopes')).token;
    };
    const token = await newTenant('crash');
    return { postgres, redis, apis, workers, proxies, inbox, receiver, token, newTenant, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startPostgres(directory: string, ends: (() => Promise<unknown>)[]) {
  const server = await PostgresServer.at(directory, true);
  await server.initialize();
  const port = await freePort();
  const start = async () => {
    const failure = await server.start(port);
    if (failure !== undefined) throw failure;
  };
  await start();
  ends.push(() => server.stop('immediate'));
  const connect = async (database: string) => {
    const client = new Client(server.url(port, database));
    client.on('error', () => undefined); // The next query fails.
    await client.connect();
    return client;
  };
  const admin = await connect('postgres');
  await admin.query('CREATE DATABASE crash');
  await admin.end();
  return {
    url: server.url(port, 'crash'),
    client: () => connect('crash'),
    /** Ends the server without a checkpoint, and starts it again after `downMs`. */
    crash: async (downMs: number) => {
      await server.stop('immediate');
      await sleep(downMs);
      await start();
    },
  };
}

async function startRedis(directory: string): Promise<RedisServer> {
  const program = findProgram('redis-server');
  if (program === undefined) throw new Error('redis-server is not in PATH.');
  return RedisServer.start(program, { directory });
}
