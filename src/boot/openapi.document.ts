import type { Json, Schema } from '../platform/http/openapi.schema.js';

/* The parts of the API description that this folder reads and changes. */

export interface OpenApiDocument extends Json {
  paths: Record<string, Record<string, Operation>>;
  components: Components;
}

export interface Components extends Json {
  schemas: Record<string, Schema>;
  responses?: Record<string, Response>;
  parameters?: Record<string, Parameter>;
}

export interface Operation extends Json {
  operationId: string;
  description?: string;
  tags?: string[];
  security?: Record<string, string[]>[];
  parameters?: Parameter[];
  requestBody?: RequestBody;
  responses: Record<string, Response>;
}

export interface Parameter extends Json {
  name: string;
  in: string;
  required?: boolean;
  schema: Schema;
}

export interface RequestBody {
  content: Record<string, { schema: Schema; examples?: Record<string, Example> }>;
}

export interface Response {
  description: string;
  headers?: Record<string, { $ref: string }>;
  content?: Record<string, { schema: Schema; examples?: Record<string, Example> }>;
}

export interface Example {
  summary?: string;
  value: unknown;
}

/** Every operation with its path and its method. */
export function operationsOf(
  document: OpenApiDocument,
): { path: string; method: string; operation: Operation }[] {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ path, method, operation })),
  );
}
