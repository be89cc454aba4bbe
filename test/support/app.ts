import { randomUUID } from 'node:crypto';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpApp } from '../../src/boot/http-app.js';
import { serveDocs } from '../../src/docs/docs.js';
import { OrganizationsService } from '../../src/organizations/organizations.service.js';
import { SCOPES } from '../../src/organizations/scopes.js';
import { TokensService } from '../../src/organizations/tokens.service.js';
import { Clock } from '../../src/platform/clock.js';
import { readSettings, type Settings } from '../../src/platform/settings.js';
import { createLogger } from '../../src/platform/logger.js';
import { RootModule } from '../../src/boot/root.module.js';
import { errorComplaints, sentenceComplaints } from './error-style.js';
import { testDatabase, type TestDatabase } from './database.js';

/** A clock that tests can move forward. Without that, it shows the real time. */
export class TestClock extends Clock {
  private offset = 0;

  override now(): Date {
    return new Date(Date.now() + this.offset);
  }

  advance(seconds: number): void {
    this.offset += seconds * 1000;
  }
}

export interface Answer {
  status: number;
  // Untyped, because the assertions of a test check the shape of the body.
  body: any;
  headers: Record<string, string | string[] | number | undefined>;
}

export interface CallOptions {
  body?: unknown;
  token?: string | null;
  headers?: Record<string, string>;
}

/** An organization with a token with every scope, and shortcuts for the objects that most tests need. */
export interface Tenant {
  id: string;
  slug: string;
  token: string;
  call(method: string, url: string, options?: CallOptions): Promise<Answer>;
  /** Creates an object through the API. @throws when the response is not 201. */
  create(path: string, body: object): Promise<any>;
  /** Creates a subscription, with its own product and buyer. */
  subscription(seats: number, more?: object): Promise<any>;
  /** Creates an order, with its own product and buyer. */
  order(seats: number, more?: object): Promise<any>;
  /** Creates a token with only these scopes. */
  tokenWith(...scopes: string[]): Promise<string>;
}

export interface TestApp {
  app: NestFastifyApplication;
  database: TestDatabase;
  clock: TestClock;
  settings: Settings;
  call(method: string, url: string, options?: CallOptions): Promise<Answer>;
  tenant(): Promise<Tenant>;
  close(): Promise<void>;
}

/** The settings of tests: without rate limits, otherwise like in development. */
export function testSettings(env: Record<string, string> = {}): Settings {
  return readSettings({
    NODE_ENV: 'test',
    LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
    RATE_LIMIT_TOKEN: '0',
    RATE_LIMIT_PUBLIC: '0',
    APP_ROLE: 'api',
    ...env,
  });
}

/** @throws {Error} an error response, or the error of an item, is not in the style of the house. */
function checkErrors(status: number, body: any, headers: Answer['headers']): void {
  const isReplayed = headers['idempotent-replayed'] === 'true';
  const complaints = [
    ...(status >= 400 && typeof body === 'object'
      ? errorComplaints(body, isReplayed ? body.request_id : headers['x-request-id'])
      : []),
    ...sentenceComplaints((body?.failed ?? []).map(({ detail }: any) => detail)),
  ];
  if (complaints.length > 0) throw new Error(`${status}: ${complaints.join('; ')}`);
}

/** Starts the API that main starts, with its own database and without a port. */
export async function startApp(env: Record<string, string> = {}): Promise<TestApp> {
  const database = await testDatabase();
  const settings = testSettings({ DATABASE_URL: database.url, ...env });
  const app = await createHttpApp(
    RootModule.with(settings),
    settings,
    createLogger(settings.logLevel),
  );
  const clock = new TestClock();
  app.get(Clock).now = () => clock.now();
  serveDocs(app, settings, () => undefined);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();

  const call = async (method: string, url: string, options: CallOptions = {}) => {
    const { body, token, headers = {} } = options;
    const answer = await app.inject({
      method: method as 'GET',
      url,
      headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers },
      ...(body !== undefined && { payload: body as object }),
    });
    const isJson = String(answer.headers['content-type']).startsWith('application/json');
    const parsed = isJson ? answer.json() : answer.body;
    checkErrors(answer.statusCode, parsed, answer.headers);
    return { status: answer.statusCode, body: parsed, headers: answer.headers };
  };

  const tenant = async (): Promise<Tenant> => {
    const slug = `t-${randomUUID().slice(0, 8)}`;
    const { id } = await app.get(OrganizationsService).create({ slug, name: `Tenant ${slug}` });
    const tokenWith = async (...scopes: string[]) =>
      (await app.get(TokensService).issue(id, { name: 'test', scopes })).token;
    const token = await tokenWith(...SCOPES);
    const callAs: Tenant['call'] = (method, url, options) =>
      call(method, url, { token, ...options });
    const create: Tenant['create'] = async (path, body) => {
      const answer = await callAs('POST', `/v1/${path}`, { body });
      if (answer.status !== 201) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
      return answer.body;
    };
    const sell = async (path: string, seats: number, more: object) => {
      const product = await create('products', { name: 'Pro' });
      const email = `buyer-${randomUUID().slice(0, 8)}@example.com`;
      const customer = await create('customers', { email, name: 'Buyer' });
      return create(path, { product_id: product.id, customer_id: customer.id, seats, ...more });
    };
    return {
      id,
      slug,
      token,
      tokenWith,
      call: callAs,
      create,
      subscription: (seats, more = {}) => sell('subscriptions', seats, more),
      order: (seats, more = {}) => sell('orders', seats, more),
    };
  };

  const close = async () => {
    await app.close();
    await database.drop();
  };
  return { app, database, clock, settings, call, tenant, close };
}
