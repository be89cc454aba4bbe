import {
  type OpenApiDocument,
  type Operation,
  operationsOf,
  type Parameter,
} from './openapi.document.js';

/*
 * Code samples in curl, TypeScript and Python. Each of them is built from the operation, the examples
 * of its parameters and its first example body.
 */

/** The operations with samples, apart from those of the seats. */
const OTHERS = ['listSeatEvents', 'listEvents', 'putSubscription', 'createWebhookEndpoint'];

/** A request as an example shows it. */
interface ExampleRequest {
  method: string;
  path: string;
  pathValues: string[];
  query: [name: string, value: unknown][];
  body: unknown;
  /** Whether the response does not end. */
  isStream: boolean;
}

/** Adds `x-codeSamples` to the seat routes and to other routes that many readers need. */
export function addCodeSamples(document: OpenApiDocument): void {
  for (const { path, method, operation } of operationsOf(document)) {
    const { operationId, tags } = operation;
    if (tags?.[0] !== 'Customer seats' && !OTHERS.includes(operationId)) continue;
    const request = exampleRequest(path, method, operation);
    const samples = [{ lang: 'Shell', label: 'curl', source: curl(request) }];
    // The client and requests read a whole response.
    if (!request.isStream) {
      samples.push(
        { lang: 'TypeScript', label: 'TypeScript', source: typescript(operationId, request) },
        { lang: 'Python', label: 'Python', source: python(request) },
      );
    }
    operation['x-codeSamples'] = samples;
  }
}

function exampleRequest(path: string, method: string, operation: Operation): ExampleRequest {
  const { parameters = [], requestBody, responses } = operation;
  const of = (place: string) => parameters.filter((each) => each.in === place);
  const values = new Map(of('path').map((each) => [each.name, String(exampleOf(each))]));
  const [example] = Object.values(requestBody?.content['application/json']?.examples ?? {});
  return {
    method: method.toUpperCase(),
    path: path.replace(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(values.get(name) ?? ''),
    ),
    pathValues: [...values.values()],
    query: of('query')
      .filter((each) => exampleOf(each) !== undefined)
      .map((each) => [each.name, exampleOf(each)]),
    body: example?.value,
    isStream: Object.keys(responses['200']?.content ?? {}).includes('text/event-stream'),
  };
}

function exampleOf({ example, schema }: Parameter): unknown {
  return example ?? schema.example;
}

function curl({ method, path, query, body, isStream }: ExampleRequest): string {
  const search = query.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  const url = `"$SEATS_URL${[path, search.join('&')].filter(Boolean).join('?')}"`;
  const verb = method === 'GET' || (method === 'POST' && body !== undefined) ? '' : `-X ${method} `;
  const lines = [
    `curl -s ${isStream ? '-N ' : ''}${verb}${url}`,
    '-H "Authorization: Bearer $SEATS_TOKEN"',
  ];
  if (body !== undefined) {
    // A quote would end the string of the shell.
    const text = JSON.stringify(body, null, 2).replaceAll("'", "'\\''");
    lines.push("-H 'Content-Type: application/json'", `-d '${text}'`);
  }
  return lines.join(' \\\n  ');
}

function typescript(operationId: string, request: ExampleRequest): string {
  const { pathValues, query, body } = request;
  const object = body ?? (query.length > 0 ? Object.fromEntries(query) : undefined);
  const args = [...pathValues, ...(object === undefined ? [] : [object])];
  return `import { createSeatsClient } from '@seats/client';

const seats = createSeatsClient({
  baseUrl: process.env.SEATS_URL ?? 'http://localhost:3000',
  token: process.env.SEATS_TOKEN ?? '',
});

const result = await seats.${operationId}(${args.map((each) => literal(each, JAVASCRIPT)).join(', ')});
console.log(result);`;
}

function python({ method, path, query, body }: ExampleRequest): string {
  const args = [
    `f"{os.environ['SEATS_URL']}${path}"`,
    `headers={"Authorization": f"Bearer {os.environ['SEATS_TOKEN']}"}`,
    ...(query.length > 0 ? [`params=${literal(Object.fromEntries(query), PYTHON, 4)}`] : []),
    ...(body === undefined ? [] : [`json=${literal(body, PYTHON, 4)}`]),
  ];
  return `import os
import requests

response = requests.${method.toLowerCase()}(
${args.map((each) => `    ${each},\n`).join('')})
response.raise_for_status()
print(response.json())`;
}

/** How a language writes values. */
interface Language {
  indent: number;
  words: Record<string, string>;
  key: (name: string) => string;
  text: (value: string) => string;
}

const quoted = (value: string) => `'${value.replace(/[\\']/g, '\\$&').replaceAll('\n', '\\n')}'`;
const JAVASCRIPT: Language = {
  indent: 2,
  words: { true: 'true', false: 'false', null: 'null' },
  key: (name) => (/^[a-z_]\w*$/i.test(name) ? name : quoted(name)),
  text: quoted,
};
const PYTHON: Language = {
  indent: 4,
  words: { true: 'True', false: 'False', null: 'None' },
  key: (name) => JSON.stringify(name),
  text: (value) => JSON.stringify(value),
};

/** The value as source code. Lists and objects have a line for each item. */
function literal(value: unknown, language: Language, outer = 0): string {
  const { indent, key, text, words } = language;
  if (typeof value === 'string') return text(value);
  if (typeof value !== 'object' || value === null) return words[String(value)] ?? String(value);
  const inner = outer + indent;
  const items = Array.isArray(value)
    ? value.map((each) => literal(each, language, inner))
    : Object.entries(value).map(
        ([name, each]) => `${key(name)}: ${literal(each, language, inner)}`,
      );
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (items.length === 0) return open + close;
  const lines = items.map((item) => `${' '.repeat(inner)}${item},\n`);
  return `${open}\n${lines.join('')}${' '.repeat(outer)}${close}`;
}
