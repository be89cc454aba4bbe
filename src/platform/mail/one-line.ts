/**
 * Text for a header or a single line: line breaks, other control characters and the marks that
 * turn the reading direction become a space, and what is longer than `max` characters is cut.
 * Without it a name with a line break in it could write a header, or a paragraph, of its own.
 */
export function oneLine(text: string, max: number): string {
  const line = text
    .replace(/[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  const characters = Array.from(line);
  if (characters.length <= max) return line;
  return `${characters
    .slice(0, max - 1)
    .join('')
    .trimEnd()}…`;
}

/**
 * Whether an address can stand in the commands of SMTP and in a header. RFC 5321 lets some of these
 * characters be quoted; no mail server in the world wants them, and mailers trip over them.
 */
export function isMailable(address: string): boolean {
  return !/[\p{Cc}<>]/u.test(address);
}
