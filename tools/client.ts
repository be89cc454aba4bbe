import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installPackages } from './packages.ts';

/*
 * Generates the types and the methods of clients/typescript from the API description.
 */

interface Node {
  $ref?: string;
  oneOf?: Node[];
}

interface Parameter extends Node {
  name: string;
  in: string;
  required?: boolean;
}

interface Body {
  required?: boolean;
  content: Record<string, { schema: Node }>;
}

interface Response extends Node {
  content?: Record<string, { schema: Node }>;
}

interface Operation {
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  parameters?: Parameter[];
  requestBody?: Body;
  responses: Record<string, Response>;
}

interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { parameters: Record<string, Parameter>; responses: Record<string, Response> };
}

const JSON_TYPE = 'application/json';

/** The types of the API description, as openapi-typescript writes them. */
export function clientTypes(text: string): string {
  const folder = join(import.meta.dirname, 'spec-lint');
  installPackages(folder);
  const program = join(folder, 'node_modules/.bin/openapi-typescript');
  const options = ['--root-types', '--root-types-no-schema-prefix', '--default-non-nullable=false'];
  const { status, stdout, stderr } = spawnSync(program, options, {
    input: text,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`openapi-typescript failed: ${stderr}`);
  return stdout;
}

/** The class with a method for each operation, except those for the operators of the service. */
export function clientMethods(text: string): string {
  const document = JSON.parse(text) as Document;
  const used = new Set<string>();
  const methods = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([, operation]) => isForClients(operation))
      .map(([method, operation]) => methodOf(document, path, method, operation, used)),
  );
  const errors = errorSchemas(document);
  for (const name of errors) used.add(name);
  return `// This file is generated from openapi.json. Change the service, and run npm run openapi.
import type { Client } from 'openapi-fetch';
import { SeatsError } from './errors.ts';
import type {
${[...used, 'operations', 'paths']
  .sort()
  .map((name) => `  ${name},\n`)
  .join('')}} from './schema.ts';

/** The query of an operation. */
export type QueryOf<Name extends keyof operations> = NonNullable<
  operations[Name]['parameters']['query']
>;

/** The body of every error. Its key error is the name. */
export type ErrorBody =
${errors.map((name) => `  | ${name}`).join('\n')};

/** The options of every request. */
export interface RequestOptions {
  /** Cancels the request. */
  signal?: AbortSignal;
}

/** The options of a request that changes something. */
export interface WriteOptions extends RequestOptions {
  /** Makes it safe to repeat the request: within 24 hours it gets the first response again. */
  idempotencyKey?: string;
}

const keyHeader = ({ idempotencyKey }: WriteOptions) =>
  idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey };
const init = ({ signal }: RequestOptions) => (signal === undefined ? {} : { signal });

/** A method for each operation of the API. */
export abstract class Operations {
  protected abstract readonly api: Client<paths>;
${methods.join('')}}

/** The body of a successful response. @throws {SeatsError} */
async function resultOf<Data>(
  request: Promise<{ data?: Data; error?: unknown; response: Response }>,
): Promise<Data> {
  const { data, error, response } = await request;
  if (!response.ok) throw new SeatsError(response, error);
  return data as Data;
}
`;
}

/** Whether the operation takes and returns JSON, and is not for operators. */
function isForClients({ tags, responses }: Operation): boolean {
  const types = Object.entries(responses)
    .filter(([status]) => status.startsWith('2'))
    .flatMap(([, { content = {} }]) => Object.keys(content));
  return !tags.includes('Operations') && types.every((type) => type === JSON_TYPE);
}

function methodOf(
  document: Document,
  path: string,
  method: string,
  operation: Operation,
  used: Set<string>,
): string {
  const { operationId, requestBody, responses } = operation;
  const parameters = (operation.parameters ?? []).map((each) =>
    each.$ref === undefined ? each : (document.components.parameters[nameOf(each)] as Parameter),
  );
  const inPath = parameters.filter((each) => each.in === 'path').map(({ name }) => name);
  const query = parameters.filter((each) => each.in === 'query');
  const keyed = parameters.some((each) => each.in === 'header');
  const success = Object.entries(responses).find(([status]) => status.startsWith('2'))?.[1];
  const result = schemaName(success?.content);
  const body = schemaName(requestBody?.content);
  for (const name of [result, body]) if (name !== undefined) used.add(name);

  const options = keyed ? 'WriteOptions' : 'RequestOptions';
  const queryType = `QueryOf<'${operationId}'>`;
  const hasRequiredQuery = query.some(({ required }) => required);
  const args = [
    ...inPath.map((name) => `${camelCase(name)}: string`),
    ...(body === undefined ? [] : [`body: ${body}${requestBody?.required ? '' : ' = {}'}`]),
    ...(body === undefined && query.length > 0
      ? [`query: ${queryType}${hasRequiredQuery ? '' : ' = {}'}`]
      : []),
    body !== undefined && query.length > 0
      ? `options: ${options} & { query?: ${queryType} } = {}`
      : `options: ${options} = {}`,
  ];
  const paths = inPath.map((name) =>
    name === camelCase(name) ? name : `${name}: ${camelCase(name)}`,
  );
  const params = [
    ...(paths.length > 0 ? [`path: { ${paths.join(', ')} }`] : []),
    ...(query.length > 0
      ? [body === undefined ? 'query' : '...(options.query && { query: options.query })']
      : []),
    ...(keyed ? ['header: keyHeader(options)'] : []),
  ];
  const parts = [
    ...(params.length > 0 ? [`params: { ${params.join(', ')} }`] : []),
    ...(body === undefined ? [] : ['body']),
    '...init(options)',
  ];
  return `
${docsOf(document, operation)}
  ${operationId}(${args.join(', ')}): Promise<${result ?? 'void'}> {
    return resultOf${result === undefined ? '<void>' : ''}(
      this.api.${method.toUpperCase()}('${path}', { ${parts.join(', ')} }),
    );
  }
`;
}

function docsOf(document: Document, { summary, description, responses }: Operation): string {
  const errors = Object.entries(responses)
    .filter(([status]) => ['400', '403', '404', '409'].includes(status))
    .flatMap(([, response]) => errorsIn(document, response))
    .filter((name) => name !== 'InsufficientScope');
  const lines = [
    `${summary}.`,
    '',
    ...description.split('\n'),
    ...(errors.length > 0 ? ['', `@throws {SeatsError} ${errors.join(', ')}`] : []),
  ];
  return ['  /**', ...lines.map((line) => `   * ${line}`.trimEnd()), '   */'].join('\n');
}

/** The names of the schemas of the errors of a response. */
function errorsIn(document: Document, response: Response): string[] {
  const found =
    response.$ref === undefined ? response : document.components.responses[nameOf(response)];
  const schema = found?.content?.[JSON_TYPE]?.schema;
  return (schema?.oneOf ?? [schema]).flatMap((each) => (each?.$ref ? [nameOf(each)] : []));
}

/** The names of the schemas of all errors. */
function errorSchemas(document: Document): string[] {
  const responses = Object.values(document.paths)
    .flatMap((operations) => Object.values(operations))
    .flatMap((operation) => Object.entries(operation.responses))
    .filter(([status]) => Number(status) >= 400)
    .map(([, response]) => response);
  return [...new Set(responses.flatMap((each) => errorsIn(document, each)))].sort();
}

function schemaName(content: Record<string, { schema: Node }> | undefined): string | undefined {
  const schema = content?.[JSON_TYPE]?.schema;
  return schema?.$ref === undefined ? undefined : nameOf(schema);
}

function nameOf({ $ref = '' }: Node): string {
  return $ref.slice($ref.lastIndexOf('/') + 1);
}

function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
