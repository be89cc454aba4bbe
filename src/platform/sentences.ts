import { hasSecret } from './excerpt.js';
import { replaceHidden } from './text.js';

/* The parts of the sentences in errors that depend on the request. */

/** The start of a sentence about one value. {@link fillIn} puts the place of the value there. */
export const FIELD = '{field}';

export const REQUIRED = `${FIELD} is required.`;
export const NOT_A_STRING = `${FIELD} must be a string.`;
export const NOT_A_UUID = `${FIELD} must be a valid UUID.`;
export const NOT_AN_OBJECT = `${FIELD} must be an object.`;
export const NOT_AN_INTEGER = `${FIELD} must be a whole number.`;
export const NOT_AN_EMAIL = `${FIELD} must be a valid e-mail address, such as ada@example.com.`;

export const tooShort = (min: number) =>
  `${FIELD} must have at least ${countOf(min, 'character')}.`;
export const tooLong = (max: number) => `${FIELD} must have at most ${countOf(max, 'character')}.`;
export const tooSmall = (min: number) => `${FIELD} must be at least ${min}.`;
export const tooLarge = (max: number) => `${FIELD} must be at most ${max}.`;
export const tooFewItems = (min: number) => `${FIELD} must have at least ${countOf(min, 'item')}.`;
export const tooManyItems = (max: number) => `${FIELD} must have at most ${countOf(max, 'item')}.`;

// UTF-16 units. Enough for a UUID and for most external ids and keys.
const MAX_NAME = 100;
const PLACES: Record<string, string> = {
  query: 'query parameter',
  path: 'path parameter',
  header: 'header',
};

/** A text of the client as a sentence may repeat it: cut, in one line, and without secrets. */
export function nameInSentence(text: string): string {
  if (hasSecret(text)) return '(a secret)';
  const shown = replaceHidden(text.slice(0, MAX_NAME).toWellFormed(), '\ufffd');
  return text.length > MAX_NAME ? `${shown}…` : shown;
}

/** The key that names an object, and its value: "the id 8a3f…", "the external id crm-4711". */
export function keyInSentence({ id, external_id }: { by?: string } & Partial<Keys>): string {
  return id === undefined
    ? `the external id ${nameInSentence(external_id ?? '')}`
    : `the id ${nameInSentence(id)}`;
}

interface Keys {
  id: string;
  external_id: string;
}

/** The sentence with the place of the value: "The field seats[0].email", "The query parameter limit". */
export function fillIn(sentence: string, loc: readonly (string | number)[]): string {
  return sentence.startsWith(FIELD) ? subjectOf(loc) + sentence.slice(FIELD.length) : sentence;
}

function subjectOf([place = 'body', ...path]: readonly (string | number)[]): string {
  if (path.length === 0) return `The ${place}`;
  const name = path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : index > 0 ? `.${part}` : part))
    .join('');
  return `The ${PLACES[place] ?? 'field'} ${nameInSentence(name)}`;
}

/** The values as a choice: "a, b or c". */
export function oneOf(values: readonly string[]): string {
  return values.length < 2
    ? values.join('')
    : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
}

/** "1 item", "2 items". */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
