import { Validator } from '@seriousme/openapi-schema-validator';
import { buildOpenApi } from '../src/openapi.js';
import { startApp, type TestApp } from './support/app.js';

interface Operation {
  operationId: string;
  summary?: string;
  description?: string;
  tags?: string[];
  security?: Record<string, string[]>[];
  requestBody?: unknown;
  responses: Record<string, { content?: Record<string, { schema?: unknown }> }>;
}

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

const without = (is: (operation: Operation, name: string) => boolean) =>
  operations.filter(([name, operation]) => !is(operation, name)).map(([name]) => name);
const ofApi = (name: string) => name.includes(' /v1/');

describe('the description of the API', () => {
  it('is valid OpenAPI 3.1', async () => {
    const result = await new Validator().validate(document);
    expect(result).toMatchObject({ valid: true });
    expect(document.openapi).toMatch(/^3\.1/);
  });

  it('says of every route what it does and answers', () => {
    expect(without(({ summary, description }) => Boolean(summary && description))).toEqual([]);
    expect(
      without(({ responses }) => {
        const [status, answer] = Object.entries(responses).find(([key]) => key[0] === '2') ?? [];
        const schemas = Object.values(answer?.content ?? {}).map(({ schema }) => schema);
        return status === '204' || (schemas.length > 0 && schemas.every(Boolean));
      }),
    ).toEqual([]);
  });

  it('gives every route a name of its own and a described tag', () => {
    const ids = operations.map(([, { operationId }]) => operationId);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    const known = document.tags.map(({ name }: { name: string }) => name);
    expect(without(({ tags = [] }) => tags.length === 1 && known.includes(tags[0]))).toEqual([]);
  });

  it('says who may call every route, and names its scope in the text', () => {
    expect(without(({ security }) => security !== undefined)).toEqual([]);
    expect(
      without(({ security = [], description = '' }) =>
        security.every(({ token = [] }) => token.every((scope) => description.includes(scope))),
      ),
    ).toEqual([]);
  });

  it('shows the errors that every route of the API can give', () => {
    const everywhere = ['429', '500', '503'];
    expect(
      without(
        ({ responses }, name) => !ofApi(name) || everywhere.every((status) => status in responses),
      ),
    ).toEqual([]);
    expect(
      without(
        ({ requestBody, responses }, name) => !ofApi(name) || !requestBody || '413' in responses,
      ),
    ).toEqual([]);
  });

  it('describes every field', () => {
    const fields = Object.entries(document.components.schemas).flatMap(([name, schema]: any) =>
      Object.entries(schema.properties ?? {}).map(([key, field]: any) => [`${name}.${key}`, field]),
    );
    const bare = fields.filter(
      ([name, field]) =>
        !/\.(id|created_at|items|pagination)$/.test(name) &&
        !('description' in field || '$ref' in field || 'const' in field),
    );
    expect(bare.map(([name]) => name)).toEqual([]);
  });
});
