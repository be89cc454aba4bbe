/*
 * Invisible characters that change a text: two names that look alike would
 * differ, and a name could reorder the text around it.
 */

// Format characters that scripts and emoji need: joiners (Persian, Hindi, families of emoji), signs
// of Arabic and other scripts that enclose numbers, and the tags that follow a black flag.
const NEEDED =
  /[\u200c\u200d\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}]|(?<=\u{1f3f4}[\u{e0020}-\u{e007e}]*)[\u{e0020}-\u{e007f}]/u;
const HIDDEN = new RegExp(`[\\p{Cc}\\p{Zl}\\p{Zp}]|(?!${NEEDED.source})\\p{Cf}`, 'gu');

/** The text with `replacement` in place of each control, line separator and format character. */
export function replaceHidden(text: string, replacement: string): string {
  return text.replace(HIDDEN, replacement);
}

/** Whether the text contains control, line separator or format characters. */
export function hasHidden(text: string): boolean {
  return text.search(HIDDEN) >= 0;
}
