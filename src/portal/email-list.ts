import { emailKey, parseEmail } from '../platform/email.js';

/** The e-mails in a text, and the words that are not e-mails. */
export interface EmailList {
  /** In their canonical form, as {@link parseEmail} returns it. */
  emails: string[];
  invalid: string[];
}

// A display name followed by an e-mail in angle brackets. Without the limits on the name, the time
// to parse a text would grow with the square of its length.
const NAMED = /(?<=^|[\s,;>])(?:"[^"\n]{0,200}"\s*|(?:[^\s<>,;"@]{1,100}[ \t]+){0,6})<([^<>\s]+)>/g;

// Not \s, which includes U+FEFF: that character must stay in its word, which it makes invalid.
const SEPARATORS = /[\p{White_Space},;]+/u;

/**
 * Parses e-mails that are separated by commas, semicolons, spaces or line breaks. Display names,
 * as in `Ada <ada@example.com>`, are ignored. Duplicates are removed without regard to case.
 */
export function parseEmailList(text: string): EmailList {
  const emails = new Map<string, string>();
  const invalid = new Map<string, string>();
  for (const word of text.replace(NAMED, ' $1 ').split(SEPARATORS)) {
    if (word === '') continue;
    const email = parseEmail(word);
    if (email === undefined) invalid.set(word.toLowerCase(), word);
    else emails.set(emailKey(email), email);
  }
  return { emails: [...emails.values()], invalid: [...invalid.values()] };
}
