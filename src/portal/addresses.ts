import { isEmail } from 'class-validator';
import { normalizeEmail } from '../platform/http/fields.js';

/** The e-mails in a text that somebody typed or pasted, and what looks like none. */
export interface Addresses {
  emails: string[];
  invalid: string[];
}

/**
 * Reads a list of addresses separated by commas, semicolons, spaces or lines; of `Ada <ada@…>`,
 * as mail programs write it, the part that counts. Who is named twice is there once.
 */
export function readAddresses(text: string): Addresses {
  const words = text
    .replace(/(?:"[^"\n]*"|[^<>,;\n]*)<([^<>\s]+)>/g, ' $1 ')
    .split(/[\s,;]+/)
    .filter((word) => word !== '');
  const unique = new Map(words.map((word) => [word.toLowerCase(), normalizeEmail(word)]));
  const all = [...unique.values()];
  return {
    emails: all.filter((word) => isEmail(word)),
    invalid: all.filter((word) => !isEmail(word)),
  };
}
