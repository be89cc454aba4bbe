import { randomUUID } from 'node:crypto';
import { Validator } from '@seriousme/openapi-schema-validator';
import { buildOpenApi } from '../src/boot/openapi.js';
import { sessionFor } from './portal/fixtures.js';
import { startApp, type TestApp } from './support/app.js';

interface Operation {
  operationId: string;
  'x-scopes'?: string[];
  summary?: string;
  description?: string;
  tags?: string[];
  security?: Record<string, string[]>[];
  requestBody?: { content: Content };
  responses: Record<string, { description: string; content?: Content }>;
}

type Content = Record<string, { schema?: unknown; examples?: Record<string, { value: any }> }>;

/** The schema of a response field needs one of these, so that readers see an example value. */
const EXAMPLE_KEYS = ['example', 'const', '$ref', 'anyOf', 'allOf', 'items'];

let app: TestApp;
let document: any;
let operations: [name: string, operation: Operation][];

beforeAll(async () => {
  app = await startApp();
  document = buildOpenApi(app.app);
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Operation>).map(
      ([method, operation]): [string, Operation] => [`${method} ${path}`, operation],
    ),
  );
});
afterAll(() => app.close());

/** The node itself, or the one that it refers to. */
const resolved = (node: any): any =>
  node.$ref === undefined
    ? node
    : node.$ref
        .split('/')
        .slice(1)
        .reduce((inner: any, step: string) => inner[step], document);

/** Every object in `node`. */
function objectsIn(node: any): any[] {
  if (typeof node !== 'object' || node === null) return [];
  return [node, ...Object.values(node).flatMap(objectsIn)];
}

/** The names of the schemas that `node` refers to, directly or through other schemas. */
function reachable(node: unknown, names = new Set<string>()): Set<string> {
  for (const [, name] of JSON.stringify(node).matchAll(/#\/components\/schemas\/(\w+)/g)) {
    if (name === undefined || names.has(name)) continue;
    reachable(document.components.schemas[name], names.add(name));
  }
  return names;
}

/** The names of the operations that do not satisfy `is`. */
const operationsThatFail = (is: (operation: Operation, name: string) => boolean) =>
  operations.filter(([name, operation]) => !is(operation, name)).map(([name]) => name);
const ofApi = (name: string) => name.includes(' /v1/');

describe('the description of the API', () => {
  it('is valid OpenAPI 3.1', async () => {
    const result = await new Validator().validate(document);
    expect(result).toMatchObject({ valid: true });
    expect(document.openapi).toMatch(/^3\.1/);
  });

  it('describes every route and the body of its successful response', () => {
    expect(
      operationsThatFail(({ summary, description }) => Boolean(summary && description)),
    ).toEqual([]);
    expect(
      operationsThatFail(({ responses }) => {
        const [status, answer] = Object.entries(responses).find(([key]) => key[0] === '2') ?? [];
        const schemas = Object.values(answer?.content ?? {}).map(({ schema }) => schema);
        return status === '204' || (schemas.length > 0 && schemas.every(Boolean));
      }),
    ).toEqual([]);
  });

  it('describes every response', () => {
    expect(
      operationsThatFail(({ responses }) =>
        Object.values(responses).every((response) => resolved(response).description),
      ),
    ).toEqual([]);
  });

  it('gives every route a unique operation id and one described tag', () => {
    const ids = operations.map(([, { operationId }]) => operationId);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    const known = document.tags.map(({ name }: { name: string }) => name);
    expect(
      operationsThatFail(({ tags = [] }) => tags.length === 1 && known.includes(tags[0])),
    ).toEqual([]);
  });

  it('gives the security of every route and names its scopes in the text', () => {
    expect(operationsThatFail(({ security }) => security !== undefined)).toEqual([]);
    expect(
      operationsThatFail(({ security = [] }) =>
        security.every((each) => Object.values(each).every((scopes) => scopes.length === 0)),
      ),
    ).toEqual([]);
    expect(
      operationsThatFail(
        ({ security = [], 'x-scopes': scopes = [], description = '' }) =>
          'OrganizationToken' in (security[0] ?? {}) === (scopes.length === 1) &&
          scopes.every((scope) => description.includes(`Scope: \`${scope}\`.`)),
      ),
    ).toEqual([]);
  });

  it('lists 429, 500 and 503 for every API route, and 413 for every one with a body', () => {
    const everywhere = ['429', '500', '503'];
    expect(
      operationsThatFail(
        ({ responses }, name) => !ofApi(name) || everywhere.every((status) => status in responses),
      ),
    ).toEqual([]);
    expect(
      operationsThatFail(
        ({ requestBody, responses }, name) => !ofApi(name) || !requestBody || '413' in responses,
      ),
    ).toEqual([]);
  });

  it('describes every field, and shows an example of every response field', () => {
    const fields = Object.entries(document.components.schemas).flatMap(([name, schema]: any) =>
      Object.entries(schema.properties ?? {}).map(([key, field]: any) => [`${name}.${key}`, field]),
    );
    const bare = fields.filter(([, field]) => !('description' in field));
    expect(bare.map(([name]) => name)).toEqual([]);
    const answered = reachable(operations.map(([, { responses }]) => responses));
    const unshown = fields.filter(
      ([name, field]) =>
        answered.has(name.split('.')[0]) && !EXAMPLE_KEYS.some((key) => key in field),
    );
    expect(unshown.map(([name]) => name)).toEqual([]);
  });

  it('has names that generators turn into good names', () => {
    const names = Object.keys(document.components.schemas);
    // Names of the language, of the framework and of the code.
    const bad = /Dto$|^(Error|Event|Object|Response|Request)$|^[a-z]/;
    expect(names.filter((name) => bad.test(name))).toEqual([]);
    expect(operationsThatFail(({ operationId }) => /^[a-z][a-zA-Z]+$/.test(operationId))).toEqual(
      [],
    );
  });

  it('stands in reading order: the seats first, then the tags, and creation before deletion', () => {
    expect(operations.slice(0, 5).map(([, { operationId }]) => operationId)).toEqual([
      'assignSeat',
      'listSeats',
      'getSeat',
      'updateSeat',
      'revokeSeat',
    ]);
    const order = document.tags.map(({ name }: { name: string }) => name);
    const tags = operations.map(([, { tags }]) => order.indexOf(tags?.[0]));
    expect(tags).toEqual(tags.toSorted((a: number, b: number) => a - b));
    const sorted = ['post', 'put', 'get', 'patch', 'delete'];
    const methods = Object.values<object>(document.paths).map((path) => Object.keys(path));
    for (const each of methods) {
      expect(each).toEqual(each.toSorted((a, b) => sorted.indexOf(a) - sorted.indexOf(b)));
    }
  });

  it('gives a name to every set of values that is used twice', () => {
    const sets = objectsIn([document.components, document.paths])
      .filter((each) => Array.isArray(each.enum))
      .map((each) => each.enum.join());
    // Answers of the health checks.
    const own = ['ok', 'ok,failed', 'partial,atomic', 'error,return', 'invitation'];
    const repeated = sets.filter((each, index) => sets.indexOf(each) !== index);
    expect(repeated.filter((each) => !own.includes(each))).toEqual([]);
  });

  it('gives each object of a union a value that tells it apart', () => {
    const unions = objectsIn(document).filter((each) => Array.isArray(each.oneOf));
    expect(unions.length).toBeGreaterThan(10);
    for (const { oneOf, discriminator } of unions) {
      const { propertyName, mapping } = discriminator;
      expect(Object.values(mapping)).toEqual(oneOf.map(({ $ref }: any) => $ref));
      for (const [value, $ref] of Object.entries(mapping)) {
        expect(resolved({ $ref }).properties[propertyName].const).toBe(value);
      }
    }
  });

  it('says each response and each parameter once', () => {
    const seen = operations.flatMap(([, { responses, parameters = [] }]: any) => [
      ...Object.entries<any>(responses)
        .filter(([status]) => Number(status) >= 400)
        .map(([, response]) => response),
      ...parameters,
    ]);
    const inline = seen.filter((each) => !('$ref' in each)).map((each) => JSON.stringify(each));
    const twice = inline.filter((each, index) => inline.indexOf(each) !== index);
    // Responses with more than three errors stay with their operations.
    expect(twice.filter((each) => (each.match(/`/g) ?? []).length <= 6)).toEqual([]);
    const { responses, parameters } = document.components;
    expect(Object.keys(responses).length).toBeLessThan(40);
    expect(Object.keys(parameters)).toEqual(expect.arrayContaining(['IdempotencyKey', 'Page']));
  });

  it('names every error of an API route and shows an example of it', () => {
    const errors = operations
      .filter(([name]) => ofApi(name))
      .flatMap(([name, { responses }]) =>
        Object.entries(responses).map(([status, response]) => ({
          name,
          status,
          ...resolved(response),
        })),
      )
      .filter(({ status }) => Number(status) >= 400);
    for (const { name, status, description, content } of errors) {
      const { examples: shown = {}, schema } = content?.['application/json'] ?? {};
      const examples = Object.keys(shown);
      const choices = (schema.oneOf ?? [schema]).map(
        (each: any) => resolved(each).properties.error.const,
      );
      expect([name, status, ...choices]).toEqual([name, status, ...examples]);
      expect([name, status, description]).toEqual([
        name,
        status,
        examples.map((error) => `\`${error}\``).join(', '),
      ]);
      expect(examples).not.toEqual([]);
    }
  });

  it('offers only request bodies that the routes accept', async () => {
    const tenant = await app.tenant();
    const buyer = (await tenant.subscription(1)).customer_id;
    const session = await sessionFor(tenant, { customer_id: buyer });
    const offered = operations.flatMap(([name, { requestBody }]) =>
      Object.values(requestBody?.content['application/json']?.examples ?? {}).map(
        ({ value }) => [name, value] as const,
      ),
    );
    expect(offered.length).toBeGreaterThan(30);
    const refused: unknown[] = [];
    for (const [name, body] of offered) {
      const [method, path] = name.split(' ') as [string, string];
      const url = path.replace('{external_id}', randomUUID()).replace(/\{\w+\}/, randomUUID());
      const token = url.includes('customer-portal') ? session : tenant.token;
      const answer = await tenant.call(method.toUpperCase(), url, { body, token });
      if (answer.status === 422 || answer.status >= 500) refused.push([name, body, answer.body]);
    }
    expect(refused).toEqual([]);
  });
});
