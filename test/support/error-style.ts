import { catalogue } from '../../src/docs/error-catalogue.js';
import { FIELD } from '../../src/platform/sentences.js';

// A full sentence, or several.
const SENTENCE = /^[A-Z].*[.?]$/s;

/**
 * The faults of the body of an error response. Every error has a request id and a link to its
 * entry in the catalogue, and speaks in full sentences. {@link startApp} checks every error that a test
 * receives, so no route can answer another kind of error.
 */
export function errorComplaints(body: any, requestId: unknown): string[] {
  const { error, detail, error_description, request_id, doc_url } = body ?? {};
  const names = catalogue().map(({ name }) => name);
  const sentences = Array.isArray(detail)
    ? detail.map(({ msg }) => msg)
    : [error_description ?? detail];
  return [
    ...(names.includes(error) ? [] : [`the catalogue has no error ${error}`]),
    ...(request_id === requestId ? [] : [`request_id is ${request_id}, not ${String(requestId)}`]),
    ...(String(doc_url).endsWith(`/docs/errors#${error}`) ? [] : [`doc_url is ${doc_url}`]),
    ...sentenceComplaints(sentences),
  ];
}

/** The texts that are not full sentences, or that lack the name of their field. */
export function sentenceComplaints(texts: unknown[]): string[] {
  return texts
    .filter((text) => typeof text !== 'string' || !SENTENCE.test(text) || text.includes(FIELD))
    .map((text) => `not a full sentence: ${String(text)}`);
}
