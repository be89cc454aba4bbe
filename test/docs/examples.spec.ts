import type { Demo } from '../../src/demo/demo.service.js';
import { type Server, startServer } from '../../src/boot/server.js';
import { SPARE } from '../../src/platform/http/examples.js';
import { createLogger } from '../../src/platform/logger.js';
import { testSettings } from '../support/app.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

/*
 * Sends every example that the API description prints, in its order, to a fresh demo. The demo
 * belongs to these tests alone, as it belongs to a reader who clicks through the docs page.
 */

interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  example?: string;
}

interface Operation {
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { examples?: Record<string, { value: unknown }> }> };
  responses: Record<string, unknown>;
  security?: Record<string, string[]>[];
}

/** One request of the description. */
interface Example {
  /** `POST /v1/products 1`, with the number of the body. */
  name: string;
  method: string;
  /** With the example values filled in. */
  url: string;
  body: unknown;
  /** The documented 2xx. */
  statuses: number[];
  usesSession: boolean;
}

interface Answered {
  example: Example;
  status: number;
  body: any;
}

let database: TestDatabase;
let server: Server;
let description: any;
let answers: Answered[];

beforeAll(async () => {
  database = await testDatabase();
  const env = { DATABASE_URL: database.url, PORT: '0', DEMO: 'true' };
  server = await startServer(testSettings(env), createLogger('silent'));
  description = await (await fetch(`${originOf(server)}/docs/openapi.json`)).json();
  const { token } = server.demo as Demo;
  const session = await openSession(token);
  answers = [];
  for (const example of examples()) {
    answers.push(await send(example, example.usesSession ? session : token));
  }
}, 120_000);
afterAll(async () => {
  await server?.stop();
  await database?.drop();
});

const originOf = ({ settings }: Server) => `http://127.0.0.1:${settings.port}`;

/** A session of the demo's buyer. The docs page leaves authorization to the reader. */
async function openSession(token: string): Promise<string> {
  const response = await fetch(`${originOf(server)}/v1/customer-sessions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ external_customer_id: 'demo' }),
  });
  return ((await response.json()) as { token: string }).token;
}

function resolve<T>(node: T): T {
  const ref = (node as { $ref?: string } | undefined)?.$ref;
  if (ref === undefined) return node;
  return ref
    .split('/')
    .slice(1)
    .reduce((value, key) => value[key], description);
}

function examples(): Example[] {
  return Object.entries(description.paths).flatMap(([path, operations]) =>
    Object.entries(operations as Record<string, Operation>).flatMap(([method, operation]) =>
      examplesOf(method.toUpperCase(), path, operation),
    ),
  );
}

function examplesOf(method: string, path: string, operation: Operation): Example[] {
  const { security = [], responses } = operation;
  const body = resolve(operation.requestBody)?.content['application/json'];
  const bodies = body === undefined ? [undefined] : valuesOf(body.examples);
  return bodies.map((value, index) => ({
    name: `${method} ${path} ${index + 1}`,
    method,
    url: fill(path, (operation.parameters ?? []).map(resolve)),
    body: value,
    statuses: Object.keys(responses).map(Number).filter(isSuccess),
    usesSession: security.some((each) => Object.keys(each).some((key) => /session/i.test(key))),
  }));
}

const isSuccess = (status: number) => status >= 200 && status < 300;

const valuesOf = (bodies: Record<string, { value: unknown }> = {}) =>
  Object.values(bodies).map(({ value }) => value);

/** The URL of a route with the examples of its parameters. */
function fill(path: string, parameters: Parameter[]): string {
  const query = new URLSearchParams();
  let filled = path;
  for (const { name, in: place, example } of parameters) {
    if (example === undefined) continue;
    if (place === 'query') query.append(name, example);
    filled = filled.replace(`{${name}}`, encodeURIComponent(example));
  }
  return query.size === 0 ? filled : `${filled}?${query.toString()}`;
}

async function send(example: Example, token: string): Promise<Answered> {
  const { method, url, body } = example;
  const abort = new AbortController();
  const response = await fetch(originOf(server) + url, {
    method,
    signal: abort.signal,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const type = response.headers.get('content-type') ?? '';
  const answer = type.startsWith('application/json') ? await response.json() : undefined;
  // A stream does not end by itself.
  abort.abort();
  return { example, status: response.status, body: answer };
}

const answersOf = (name: string) =>
  answers.filter(({ example }) => example.name.startsWith(name)).map(({ body }) => body);

describe('the examples of the API description, in its order', () => {
  it('are each answered with the documented 2xx', () => {
    const failed = answers
      .filter(({ example, status }) => !example.statuses.includes(status))
      .map(({ example, status, body }) => `${example.name}: ${status} ${JSON.stringify(body)}`);
    expect(failed).toEqual([]);
    expect(answers.length).toBeGreaterThan(75);
  });

  it('cover every operation, every required parameter and every body', () => {
    const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
      Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const sent = answers.map(({ example }) => example.name.replace(/ \d+$/, ''));
    expect(operations.filter((name) => !sent.includes(name))).toEqual([]);
    expect(answers.filter(({ example }) => example.url.includes('{'))).toEqual([]);
  });

  it('do what their titles say', () => {
    const failedItems = answersOf('POST /v1/customer-seats/bulk').flatMap(({ failed }) => failed);
    expect(failedItems).toEqual([]);
    expect(answersOf('GET /v1/access')).toEqual([expect.objectContaining({ has_access: true })]);
    const revoked = answersOf('POST /v1/customer-seats/bulk-revoke');
    expect(revoked.map(({ revoked_count }) => revoked_count > 0)).toEqual([true, true, true]);
    expect(answersOf('GET /v1/customer-seats/{seat_id}/events')[0].items).not.toEqual([]);
  });

  it('change nothing visible with the first example of PATCH /v1/organization', () => {
    const [before] = answersOf('GET /v1/organization');
    const [after] = answersOf('PATCH /v1/organization 1');
    expect(after).toEqual(before);
  });

  it('have one body where the operation uses up the object it names', () => {
    const usedUp = ['POST /v1/customer-seats/{seat_id}/replace', 'POST /v1/customer-seats/claim'];
    for (const name of usedUp) expect(answersOf(`${name} `)).toHaveLength(1);
  });

  it('have an object for every id in a request', async () => {
    const sent = JSON.stringify(answers.map(({ example }) => [example.url, example.body]));
    const ids = new Set(sent.match(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g));
    const tables = ['products', 'customers', 'members', 'subscriptions', 'orders', 'checkouts'];
    const others = ['seats', 'events', 'access_tokens', 'webhook_endpoints'];
    const known = new Set<string>();
    for (const table of [...tables, ...others]) {
      for (const { id } of await database.sql(`SELECT id FROM ${table}`)) known.add(String(id));
    }
    // No table remembers a deleted endpoint.
    known.add(SPARE.deletedEndpoint);
    expect([...ids].filter((id) => !known.has(id))).toEqual([]);
  });
});
