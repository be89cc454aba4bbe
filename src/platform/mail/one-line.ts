import { replaceHidden } from '../text.js';

/**
 * A string for a header or a single line. Line breaks, other control characters and invisible format
 * characters become a space, and the string is cut to `max` characters. Otherwise a name with a line
 * break could add a header or a paragraph to the mail. Names from earlier releases contain such
 * characters.
 */
export function oneLine(text: string, max: number): string {
  const line = replaceHidden(text, ' ').replace(/\s+/g, ' ').trim();
  const characters = Array.from(line);
  if (characters.length <= max) return line;
  return `${characters
    .slice(0, max - 1)
    .join('')
    .trimEnd()}…`;
}
