import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { startApp, type TestApp } from '../../support/app.js';
import { Contract, type JsonSchema, type Operation } from '../../support/contract.js';
import { furnish, pathId, type World } from '../../support/world.js';

/*
 * Sends almost valid requests to every route of the API description: values that fit the schemas, with
 * a value that does not fit here and there. Every response must be documented and must not be a 5xx.
 * `npm run test:fuzz -- --runs 50000 --seed 7` sends more of them.
 */

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 2000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_128);
// Generous, because a slow machine must not fail the test.
const MS_PER_REQUEST = 1_000;

const TEXTS = [
  ...['', ' ', 'a', '0', '1', 'true', 'null', 'NaN', '\0', 'a\0b', '\ud800', '\udfff\ud800', '😀'],
  ...['%00', '../..', "'; DROP TABLE seats; --", '${7*7}', '{{x}}', '\n\r\t', '\u202e'],
  ...['a@b.co', 'A@B.CO', '@', 'a@', 'İ@example.com', 'ß@example.com', `${'x'.repeat(70)}@a.com`],
  ...['__proto__', 'constructor', 'toString', 'then', 'x'.repeat(300), 'é'.repeat(2000)],
  ...['2026-02-30T00:00:00Z', '9999-12-31T23:59:59Z', '-000001-01-01T00:00:00Z', '2026-01-01'],
  ...['https://example.com/', 'http://127.0.0.1/', 'javascript:alert(1)', 'https://a:b@c.de/'],
];
const NUMBERS = [
  0,
  -0,
  1,
  -1,
  0.1,
  1e21,
  1e308,
  5e-324,
  2 ** 53,
  -(2 ** 63),
  2 ** 31,
  1_000_000_000,
];

interface Request {
  path: string;
  query: string;
  headers: Record<string, string>;
  payload: string | undefined;
}

let api: TestApp;
let contract: Contract;
/** The organization of the requests that change nothing. */
let reads: World;

beforeAll(async () => {
  api = await startApp({ RATE_LIMIT_TOKEN: '1000000', RATE_LIMIT_PUBLIC: '1000000' });
  contract = new Contract(api.app);
  reads = await furnish(await api.tenant());
});
afterAll(() => api?.close());

const text = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...TEXTS) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
);
const garbage: fc.Arbitrary<unknown> = fc.oneof(
  text,
  fc.constantFrom(...NUMBERS),
  fc.constantFrom(true, false, null),
  fc.array(text, { maxLength: 3 }),
  fc.dictionary(text, text, { maxKeys: 3 }),
);

/** Builds values for the schemas of the API description. */
class Values {
  constructor(
    private readonly world: World,
    private readonly schemas: Record<string, JsonSchema>,
  ) {}

  /** A value that fits `schema`, or sometimes one that does not, at any depth. */
  almost(schema: JsonSchema, depth = 0): fc.Arbitrary<unknown> {
    return fc.oneof(
      { weight: 12, arbitrary: this.fitting(schema, depth) },
      { weight: 1, arbitrary: garbage },
    );
  }

  /** An id of the world, or a text. */
  id(): fc.Arbitrary<string> {
    const { ids } = this.world;
    return fc.constantFrom(...Object.values(ids), ids.subscription.toUpperCase());
  }

  private fitting(schema: JsonSchema, depth: number): fc.Arbitrary<unknown> {
    const { $ref, allOf, anyOf, oneOf, enum: values, type } = schema;
    if ($ref !== undefined) {
      return this.fitting(this.schemas[$ref.split('/').at(-1) ?? ''] ?? {}, depth);
    }
    if (allOf?.[0] !== undefined) return this.fitting(allOf[0], depth);
    const options = anyOf ?? oneOf;
    if (options !== undefined) {
      return fc.oneof(...options.map((each) => this.fitting(each, depth)));
    }
    if (values !== undefined) return fc.constantFrom(...values);
    if (Array.isArray(type)) {
      return fc.oneof(...type.map((each) => this.fitting({ ...schema, type: each }, depth)));
    }
    return this.ofType(schema, depth);
  }

  private ofType(schema: JsonSchema, depth: number): fc.Arbitrary<unknown> {
    const { minimum = -5, maximum = 2 ** 31, minItems = 0, maxItems = 3 } = schema;
    switch (schema.type) {
      case 'integer':
      case 'number':
        return fc.oneof(
          fc.integer({ min: minimum, max: Math.min(maximum, minimum + 20) }),
          fc.constantFrom(minimum, maximum, minimum - 1, maximum + 1),
        );
      case 'boolean':
        return fc.boolean();
      case 'null':
        return fc.constant(null);
      case 'array':
        return fc.array(this.almost(schema.items ?? {}, depth + 1), {
          minLength: minItems,
          maxLength: Math.max(minItems, Math.min(maxItems, 3)),
        });
      case 'object':
        return this.object(schema, depth);
      case 'string':
        return this.string(schema);
      case undefined:
      default:
        return garbage;
    }
  }

  private object({ properties, required = [] }: JsonSchema, depth: number) {
    if (properties === undefined) return fc.dictionary(text, garbage, { maxKeys: 3 });
    if (depth > 4) return fc.constant({});
    const model = Object.fromEntries(
      Object.entries(properties).map(([key, each]) => [key, this.almost(each, depth + 1)]),
    );
    // Optional keys are mostly absent, because many of them exclude each other.
    return fc
      .tuple(
        fc.record(model),
        fc.subarray(Object.keys(model), { maxLength: Math.min(4, Object.keys(model).length) }),
        fc.subarray(required, { minLength: Math.max(0, required.length - 1) }),
        fc.option(fc.tuple(text, garbage), { freq: 10, nil: undefined }),
      )
      .map(([all, chosen, kept, extra]) => {
        const keys = [...kept, ...chosen];
        const entries = Object.entries(all).filter(([key]) => keys.includes(key));
        return Object.fromEntries(extra === undefined ? entries : [...entries, extra]);
      });
  }

  private string({ format }: JsonSchema): fc.Arbitrary<unknown> {
    const { ids } = this.world;
    switch (format) {
      case 'uuid':
        return fc.oneof(this.id(), fc.uuid());
      case 'email':
        return fc.oneof(fc.constant(ids.email), fc.emailAddress());
      case 'date-time':
        return fc.oneof(
          fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
          fc.constantFrom('2031-01-01T00:00:00Z', '2031-01-01T00:00:00+02:00'),
        );
      case 'uri':
        return fc.constantFrom('https://example.com/a', 'http://example.com/', 'x');
      case undefined:
      default:
        return fc.oneof(text, this.id());
    }
  }
}

/** Almost valid requests of a route. */
function requestsOf(operation: Operation, world: World): fc.Arbitrary<Request> {
  const values = new Values(world, contract.schemas);
  const { method, path, parameters, body } = operation;
  const ofPlace = (place: string) => parameters.filter((each) => each.in === place);
  const pathValues = ofPlace('path').map(({ name }) => {
    // A good invitation token would open a stream, which does not end.
    if (name === 'invitation_token') return text;
    const own = world.ids[pathId(path, name)];
    return fc.oneof(
      { weight: 8, arbitrary: fc.constant(own) },
      { weight: 1, arbitrary: values.id() },
      { weight: 1, arbitrary: text },
    );
  });
  const query = ofPlace('query').map(({ name, schema }) =>
    fc.option(
      values.almost(schema).map((value) => [name, value] as const),
      { nil: undefined },
    ),
  );
  const extraQuery = fc.option(fc.tuple(text, text), { freq: 10, nil: undefined });
  const json = body === undefined ? fc.constant(undefined) : values.almost(body);
  return fc
    .record({
      segments: fc.tuple(...pathValues),
      pairs: fc.tuple(...query, extraQuery),
      json: method === 'GET' ? fc.constant(undefined) : json,
      cut: fc.option(fc.nat(200), { freq: 20, nil: undefined }),
      type: fc.oneof(
        { weight: 20, arbitrary: fc.constant('application/json') },
        { weight: 1, arbitrary: fc.constantFrom('text/plain', ';;', 'x', 'application/xml') },
      ),
      key: fc.option(header, { freq: 5, nil: undefined }),
      requestId: fc.option(header, { freq: 10, nil: undefined }),
      authorization: fc.option(header, { freq: 20, nil: undefined }),
    })
    .map((parts) => {
      const all = parts.json === undefined ? undefined : JSON.stringify(parts.json);
      const payload = parts.cut === undefined ? all : all?.slice(0, parts.cut);
      return {
        path: withSegments(path, parts.segments),
        query: toQuery(parts.pairs),
        payload,
        headers: {
          authorization: `Bearer ${tokenFor(operation, world)}`,
          ...(payload !== undefined && { 'content-type': parts.type }),
          ...(parts.key !== undefined && { 'idempotency-key': parts.key }),
          ...(parts.requestId !== undefined && { 'x-request-id': parts.requestId }),
          ...(parts.authorization !== undefined && { authorization: parts.authorization }),
        },
      };
    });
}

const header = text.map((value) => value.replace(/[^\x20-\x7e]/g, '?'));

function withSegments(path: string, segments: string[]): string {
  const left = [...segments];
  // An empty segment would be another route.
  return path.replaceAll(/\{\w+\}/g, () =>
    encodeURIComponent((left.shift() || 'x').toWellFormed()),
  );
}

function toQuery(pairs: (readonly [string, unknown] | undefined)[]): string {
  const entries = pairs
    .filter((pair) => pair !== undefined)
    .flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((each): [string, string] => [
        name,
        asText(each),
      ]),
    );
  return new URLSearchParams(entries).toString();
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function tokenFor({ access }: Operation, { tenant, sessions }: World): string {
  return access === 'session' ? sessions.customer : tenant.token;
}

const { paths } = JSON.parse(readFileSync('openapi.json', 'utf8')) as {
  paths: Record<string, object>;
};
const ROUTES = Object.entries(paths).flatMap(([path, methods]) =>
  Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
);

describe('an almost valid request', () => {
  const runs = Math.ceil(RUNS / ROUTES.length);

  it.each(ROUTES)(
    'gets a response of the contract from %s',
    async (name) => {
      const operation = contract.operations.find((each) => `${each.method} ${each.path}` === name);
      if (operation === undefined) throw new Error(`${name} is not in the application`);
      // A separate organization for each write, because a request may switch seats off.
      const world = operation.method === 'GET' ? reads : await furnish(await api.tenant());
      const property = fc.asyncProperty(requestsOf(operation, world), async (request) => {
        const url = request.query === '' ? request.path : `${request.path}?${request.query}`;
        const { headers, payload: body } = request;
        const answer = await api.call(operation.method, url, {
          headers,
          ...(body !== undefined && { body }),
        });
        const complaints = contract.complaints(operation, answer);
        if (complaints.length > 0) {
          throw new Error(`${complaints.join('; ')}: ${JSON.stringify(answer.body)}`);
        }
      });
      await fc.assert(property, { numRuns: runs, seed: SEED });
    },
    (runs + 100) * MS_PER_REQUEST,
  );
});
