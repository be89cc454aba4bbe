import type { OpenApiDocument, Operation } from './openapi.document.js';

/* The order of the operations: that of the tags, and within a tag that of the controllers. */

/** A reader creates an object, reads it, changes it and deletes it. */
const METHODS = ['post', 'put', 'get', 'patch', 'delete'];

/** The document with its paths and methods in the order in which a reader tries them. */
export function inReadingOrder(document: OpenApiDocument): OpenApiDocument {
  const tags = (document['tags'] as { name: string }[]).map(({ name }) => name);
  const place = (operations: Record<string, Operation>) =>
    Math.min(...Object.values(operations).map(({ tags: [tag = ''] = [] }) => tags.indexOf(tag)));
  const paths = Object.entries(document.paths)
    .sort(([, a], [, b]) => place(a) - place(b))
    .map(([path, operations]) => [path, inOrderOfMethods(operations)] as const);
  return { ...document, paths: Object.fromEntries(paths) };
}

function inOrderOfMethods(operations: Record<string, Operation>): Record<string, Operation> {
  const entries = Object.entries(operations);
  return Object.fromEntries(entries.sort(([a], [b]) => METHODS.indexOf(a) - METHODS.indexOf(b)));
}
