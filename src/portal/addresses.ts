import { isEmail } from 'class-validator';
import { normalizeEmail } from '../platform/http/fields.js';

/** The e-mails in a text that somebody typed or pasted, and what looks like none. */
export interface Addresses {
  emails: string[];
  invalid: string[];
}

// A name before an address in angle brackets. So few words, or a long text takes ages.
const NAMED = /(?<=^|[\s,;>])(?:"[^"\n]{0,200}"\s*|(?:[^\s<>,;"@]{1,100}[ \t]+){0,6})<([^<>\s]+)>/g;

/**
 * Reads a list of addresses separated by commas, semicolons, spaces or lines; of `Ada <ada@…>`,
 * as mail programs write it, the part that counts. Who is named twice is there once.
 */
export function readAddresses(text: string): Addresses {
  const words = text
    .replace(NAMED, ' $1 ')
    .split(/[\s,;]+/)
    .filter((word) => word !== '');
  const all = [...new Map(words.map((word) => [word.toLowerCase(), word])).values()];
  const valid = new Set(all.filter((word) => isEmail(word)));
  return {
    emails: [...valid].map(normalizeEmail),
    invalid: all.filter((word) => !valid.has(word)),
  };
}
