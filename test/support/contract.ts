import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { buildOpenApi } from '../../src/boot/openapi.js';
import type { Answer } from './app.js';

export interface JsonSchema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  format?: string;
  pattern?: string;
  allOf?: JsonSchema[];
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  schema: JsonSchema;
}

interface Described {
  /** The way to it in the document. */
  way: string[];
  headers?: Record<string, unknown>;
  content?: Record<string, unknown>;
}

/** A route as the API description shows it. */
export interface Operation {
  method: string;
  path: string;
  access: 'public' | 'token' | 'session';
  /** The scope that the route requires of a token. */
  scope: string | undefined;
  parameters: Parameter[];
  body: JsonSchema | undefined;
  responses: Record<string, Described>;
}

// Every response has these; the guide describes those that clients can use.
const COMMON_HEADERS = [
  'cache-control',
  'connection',
  'content-length',
  'content-security-policy',
  'content-type',
  'date',
  'keep-alive',
  'referrer-policy',
  'transfer-encoding',
  'vary',
  'x-content-type-options',
  // For the proxy in front of the service.
  'x-accel-buffering',
];

/** The API description of an application, and a check of responses against it. */
export class Contract {
  readonly operations: Operation[];
  readonly schemas: Record<string, JsonSchema>;
  private readonly ajv: Ajv2020;

  constructor(app: NestFastifyApplication) {
    // A copy, because the description shares objects, and JSON has none of its undefined values.
    const document = JSON.parse(JSON.stringify(buildOpenApi(app)));
    this.schemas = document.components.schemas;
    this.ajv = new Ajv2020({ strict: false, allErrors: true });
    formats.default(this.ajv);
    this.ajv.addSchema(document, 'api');
    this.operations = Object.entries<Record<string, any>>(document.paths).flatMap(
      ([path, methods]) =>
        Object.entries(methods).map(([method, each]): Operation => {
          const security: Record<string, string[]> = each.security[0] ?? {};
          return {
            method: method.toUpperCase(),
            path,
            access:
              'OrganizationToken' in security
                ? 'token'
                : 'PortalSession' in security
                  ? 'session'
                  : 'public',
            scope: each['x-scopes']?.[0],
            parameters: (each.parameters ?? []).map(
              (parameter: any) => follow(document, [], parameter).found,
            ),
            body: each.requestBody?.content['application/json'].schema,
            responses: responsesOf(document, ['paths', path, method, 'responses'], each.responses),
          };
        }),
    );
  }

  /** The ways in which the response differs from the description, or is a 5xx. */
  complaints({ responses }: Operation, answer: Answer): string[] {
    const { status, headers, body } = answer;
    if (status >= 500) return [`is a ${status}`];
    const response = responses[status];
    if (response === undefined) return [`the status ${status} is not documented`];
    const undocumented = Object.keys(headers).filter((name) => !isDocumented(name, response));
    const complaints = undocumented.map((name) => `the header ${name} is not documented`);
    const type = String(headers['content-type'] ?? '').split(';')[0] ?? '';
    const types = Object.keys(response.content ?? {});
    if (types.length === 0) {
      return body === '' ? complaints : [...complaints, 'there should be no body'];
    }
    if (!types.includes(type)) return [...complaints, `the type ${type} is not documented`];
    if (type !== 'application/json') return complaints;
    const validate = this.validatorOf([...response.way, 'content', type, 'schema']);
    if (!validate(body)) complaints.push(`the body: ${this.ajv.errorsText(validate.errors)}`);
    return complaints;
  }

  private validatorOf(way: string[]): ValidateFunction {
    const escaped = way.map((part) =>
      encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')),
    );
    const validate = this.ajv.getSchema(`api#/${escaped.join('/')}`);
    if (validate === undefined) throw new Error(`no schema at ${way.join(' ')}`);
    return validate;
  }
}

function isDocumented(name: string, { headers = {} }: Described): boolean {
  const isCommon = COMMON_HEADERS.includes(name) || name.startsWith('access-control-');
  return isCommon || Object.keys(headers).some((each) => each.toLowerCase() === name);
}

/** The node itself, or the one that it refers to, and the way to it. */
function follow(
  document: any,
  way: string[],
  node: { $ref?: string },
): { found: any; way: string[] } {
  if (node.$ref === undefined) return { found: node, way };
  const steps = node.$ref.split('/').slice(1);
  return { found: steps.reduce((inner, step) => inner[step], document), way: steps };
}

function responsesOf(
  document: any,
  way: string[],
  responses: Record<string, object>,
): Record<string, Described> {
  const entries = Object.entries(responses).map(([status, node]) => {
    const response = follow(document, [...way, status], node);
    return [status, { ...response.found, way: response.way }];
  });
  return Object.fromEntries(entries);
}
