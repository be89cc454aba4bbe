import { type Json, pascalCase, sorted } from '../platform/http/openapi.schema.js';
import {
  type OpenApiDocument,
  operationsOf,
  type Parameter,
  type Response,
} from './openapi.document.js';
import { errorNamesOf, errorResponsesOf } from './openapi.errors.js';

/* The parts that operations share. The description has each of them once, in its components. */

/** A response with more errors than this belongs to its operation, and stays there. */
const MAX_SHARED_ERRORS = 3;

/** Replaces what operations have in common by references to components. */
export function shareComponents(document: OpenApiDocument): void {
  shareResponses(document);
  shareParameters(document);
}

function shareResponses(document: OpenApiDocument): void {
  const shared: Record<string, Response> = {};
  for (const { operation } of operationsOf(document)) {
    for (const [status, response] of errorResponsesOf(operation)) {
      const names = errorNamesOf(response);
      if (names.length === 0 || names.length > MAX_SHARED_ERRORS) continue;
      const name = status === '431' ? 'HeadersTooLarge' : names.map(pascalCase).join('Or');
      const { description, headers, content } = response;
      const definition = { description, headers, content } as Response;
      const known = (shared[name] ??= definition);
      // An operation may have an example of its own.
      if (JSON.stringify(known) !== JSON.stringify(definition)) continue;
      (operation.responses as Json)[status] = { $ref: `#/components/responses/${name}` };
    }
  }
  document.components['responses'] = sorted(shared);
}

/** A parameter that operations have in common. */
interface SharedParameter {
  parameter: Parameter;
  tag: string;
  uses: number;
}

function shareParameters(document: OpenApiDocument): void {
  const byText = new Map<string, SharedParameter>();
  for (const { operation } of operationsOf(document)) {
    for (const parameter of operation.parameters ?? []) {
      const text = JSON.stringify(parameter);
      const known = byText.get(text) ?? { parameter, tag: operation.tags?.[0] ?? '', uses: 0 };
      byText.set(text, { ...known, uses: known.uses + 1 });
    }
  }
  const names = namesOf(byText);
  for (const { operation } of operationsOf(document)) {
    (operation as Json)['parameters'] = operation.parameters?.map((parameter) => {
      const name = names.get(JSON.stringify(parameter));
      return name === undefined ? parameter : { $ref: `#/components/parameters/${name}` };
    });
  }
  const shared = [...names].map(([text, name]) => [name, JSON.parse(text) as Parameter] as const);
  document.components['parameters'] = sorted(Object.fromEntries(shared));
}

/**
 * The names of the parameters that are used more than once. Of several with the same name, the one
 * with the most uses has that name, and the others begin with their tags.
 */
function namesOf(byText: Map<string, SharedParameter>): Map<string, string> {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  const repeated = [...byText].filter(([, { uses }]) => uses > 1);
  for (const [text, { parameter, tag }] of repeated.sort(([, a], [, b]) => b.uses - a.uses)) {
    const plain = pascalCase(parameter.name);
    const name = taken.has(plain) ? pascalCase(tag) + plain : plain;
    if (taken.has(name)) continue;
    names.set(text, name);
    taken.add(name);
  }
  return names;
}
