/*
 * The databases of the measurements. One template holds an organization, a token and many pools, for
 * the service and for the bare schema. Each measurement works on its own copy.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { QueryResultRow } from 'pg';
import { built } from '../../tools/built.ts';
import { hashOf } from '../contestants/bare-statements.ts';
import type { Requests } from './load.ts';
import type { Plan } from './plan.ts';
import { type Postgres, query } from './postgres.ts';
import { output, READY, run, type Server, start, stop } from './processes.ts';

const TEMPLATE = 'bench_template';
const CHUNK = 100_000;
const CAPACITY = 10_000_000;

/** The keys of the objects in the template. */
export interface Seeded {
  organizationId: string;
  productId: string;
  token: string;
}

/** The id of the subscription with this number, from 0. A version 4 UUID, as the routes require. */
export function subscription(n: number): string {
  return `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
}

/** The SQL for the id of {@link subscription}. */
export const SUBSCRIPTION_SQL = (n: string) =>
  `('00000000-0000-4000-8000-' || lpad((${n})::text, 12, '0'))::uuid`;

/** Creates the template. */
export async function createTemplate(postgres: Postgres, plan: Plan): Promise<Seeded> {
  const url = await postgres.createDatabase(TEMPLATE);
  const { applyMigrations } = await built<typeof import('../../src/platform/database/migrate.js')>(
    'platform/database/migrate.js',
  );
  await applyMigrations(url);
  const cli = async (...args: string[]) =>
    JSON.parse(await output(run(['dist/cli/main.js', ...args, '--json'], serviceEnv(url, 2))));
  const { id } = await cli('org', 'create', '--slug', 'bench', '--name', 'Bench');
  const { token } = await cli('token', 'create', '--org', 'bench', '--all-scopes');
  const [product] = await query<{ id: string }>(
    url,
    `INSERT INTO products (organization_id, id, created_at, name)
     VALUES ($1, gen_random_uuid(), now(), 'Team plan') RETURNING id`,
    [id],
  );
  const seeded = { organizationId: id, productId: product?.id as string, token };
  await createPools(url, seeded, plan.pools);
  await createBareSchema(url, seeded);
  await query(url, 'VACUUM ANALYZE');
  return seeded;
}

async function createPools(url: string, { organizationId, productId }: Seeded, pools: number) {
  await query(
    url,
    `WITH sold AS (
       SELECT ${SUBSCRIPTION_SQL('n')} AS subscription_id, gen_random_uuid() AS customer_id
       FROM generate_series(0, $3::int - 1) AS n
     ), buyers AS (
       INSERT INTO customers (organization_id, id, created_at, email)
       SELECT $1, customer_id, now(), customer_id || '@example.com' FROM sold
     ), bought AS (
       INSERT INTO subscriptions (organization_id, id, created_at, product_id, customer_id, status)
       SELECT $1, subscription_id, now(), $2, customer_id, 'active' FROM sold
     )
     INSERT INTO pools (organization_id, id, created_at, subscription_id, product_id, customer_id,
       capacity, active)
     SELECT $1, gen_random_uuid(), now(), subscription_id, $2, customer_id, ${CAPACITY}, true
     FROM sold`,
    [organizationId, productId, pools],
  );
}

/** The lean schema of the bare contestants, with the same pools. */
async function createBareSchema(url: string, { organizationId, token }: Seeded): Promise<void> {
  await query(url, await readFile(join(import.meta.dirname, '../contestants/bare.sql'), 'utf8'));
  await query(url, 'INSERT INTO bare.tokens (hash, organization_id) VALUES ($1, $2)', [
    hashOf(token),
    organizationId,
  ]);
  await query(
    url,
    `INSERT INTO bare.pools (id, organization_id, subscription_id, customer_id, product_id, capacity)
     SELECT id, organization_id, subscription_id, customer_id, product_id, capacity FROM pools`,
  );
}

/** The environment of the service: as in production, but without rate limits. */
export function serviceEnv(url: string, connections: number): Record<string, string> {
  return {
    DATABASE_URL: url,
    DATABASE_POOL_SIZE: String(Math.max(2, connections)),
    NODE_ENV: 'production',
    APP_ROLE: 'api',
    LOG_LEVEL: 'warn',
    RATE_LIMIT_TOKEN: '0',
    RATE_LIMIT_PUBLIC: '0',
    SHUTDOWN_DELAY: '0',
    PUBLIC_URL: 'http://localhost',
    SECRET_KEYS: 'a key for nothing but this measurement',
  };
}

/** The database of one measurement, and the processes that use it. */
export class World {
  readonly seeded: Seeded;
  readonly postgres: Postgres;
  readonly plan: Plan;
  readonly url: string;
  private readonly name: string;
  private readonly servers: Server[] = [];

  private constructor(postgres: Postgres, plan: Plan, seeded: Seeded, name: string, url: string) {
    this.postgres = postgres;
    this.plan = plan;
    this.seeded = seeded;
    this.name = name;
    this.url = url;
  }

  /** A copy of the template. */
  static async create(
    postgres: Postgres,
    plan: Plan,
    seeded: Seeded,
    name: string,
  ): Promise<World> {
    const url = await postgres.createDatabase(name, TEMPLATE);
    return new World(postgres, plan, seeded, name, url);
  }

  get env(): Record<string, string> {
    return serviceEnv(this.url, this.plan.connections);
  }

  get headers(): Record<string, string> {
    return { Authorization: `Bearer ${this.seeded.token}`, 'Content-Type': 'application/json' };
  }

  /** The subscriptions of all pools. */
  get subscriptions(): string[] {
    return Array.from({ length: this.plan.pools }, (_, n) => subscription(n));
  }

  query<Row extends QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]> {
    return query<Row>(this.url, text, values);
  }

  /** Starts a program that uses this database. It is stopped with the world. */
  async start(args: string[], env: Record<string, string> = {}, path = ''): Promise<Server> {
    return this.keep(await start(args, { ...this.env, ...env }, path));
  }

  /** Makes sure that a server is stopped with the world. */
  keep(server: Server): Server {
    this.servers.push(server);
    return server;
  }

  /** Starts the built service. */
  service(env: Record<string, string> = {}): Promise<Server> {
    return this.start(['dist/main.js'], env, READY);
  }

  /** Requests that assign new people, each to the next of these subscriptions. */
  assignments(subscriptions = this.subscriptions): Requests {
    return {
      method: 'POST',
      path: '/v1/customer-seats',
      headers: this.headers,
      body: '{"subscription_id":"{item}","email":"{n}@example.com"}',
      items: subscriptions,
    };
  }

  /** Sends one request. @throws {Error} if the answer is not 2xx. @returns its JSON. */
  async call({ port }: Server, path: string, body?: object): Promise<any> {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/${path}`, {
      headers: this.headers,
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  /** Assigns new people with bulk requests. @returns the tokens of their invitations. */
  async assignMany(
    server: Server,
    {
      prefix,
      count,
      pool = 0,
      mail,
    }: { prefix: string; count: number; pool?: number; mail: boolean },
  ): Promise<string[]> {
    const tokens: string[] = [];
    for (let from = 0; from < count; from += this.plan.bulk) {
      const length = Math.min(this.plan.bulk, count - from);
      const seats = Array.from({ length }, (_, n) => ({
        email: `${prefix}-${from + n}@example.com`,
        send_invitation: mail,
      }));
      const answer = await this.call(server, 'customer-seats/bulk?include=invitation', {
        subscription_id: subscription(pool),
        seats,
      });
      if (answer.failed.length > 0) throw new Error(JSON.stringify(answer.failed[0]));
      for (const { invitation } of answer.seats) tokens.push(invitation.token);
    }
    return tokens;
  }

  /**
   * Fills each of these pools with claimed seats, oldest first: `person-<pool>-<n>@example.com`. The
   * triggers count them as usual.
   */
  async fill(pools: number[], people: number): Promise<void> {
    const step = Math.max(1, Math.floor(CHUNK / pools.length));
    for (let from = 0; from < people; from += step) {
      await this.query(FILL, [
        this.seeded.organizationId,
        pools,
        from,
        Math.min(people, from + step) - 1,
      ]);
    }
  }

  async stopServers(): Promise<void> {
    await Promise.all(this.servers.map(({ process }) => stop(process)));
  }

  async close(): Promise<void> {
    await this.stopServers();
    await this.postgres.dropDatabase(this.name);
  }
}

const FILL = `
  WITH person AS (
    SELECT pool.organization_id, pool.id AS pool_id, pool.customer_id, gen_random_uuid() AS id,
      'person-' || pool_number || '-' || n || '@example.com' AS email,
      now() - interval '1 day' + n * interval '1 ms' AS created_at
    FROM unnest($2::int[]) AS pool_number
    JOIN pools pool ON pool.organization_id = $1
      AND pool.subscription_id = ${SUBSCRIPTION_SQL('pool_number')}
    CROSS JOIN generate_series($3::int, $4::int) AS n
  ), member AS (
    INSERT INTO members (organization_id, id, created_at, customer_id, email)
    SELECT organization_id, id, created_at, customer_id, email FROM person
  )
  INSERT INTO seats (organization_id, id, created_at, pool_id, status, customer_id, member_id, email,
    claimed_at)
  SELECT organization_id, gen_random_uuid(), created_at, pool_id, 'claimed', customer_id, id, email,
    created_at
  FROM person`;
