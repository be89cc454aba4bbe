// A typo changes, adds or removes at most this many letters of a name.
const MAX_TYPOS = 3;

/** " Did you mean status?" for a typo of one of the names; otherwise the empty string. */
export function didYouMean(word: string, names: Iterable<string>): string {
  const nearest = nearestOf(word, names);
  return nearest === undefined ? '' : ` Did you mean ${nearest}?`;
}

/** The name of which `word` is most likely a typo, if there is one. */
export function nearestOf(word: string, names: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let least = Infinity;
  for (const name of names) {
    const distance = typosBetween(word, name);
    if (distance >= least) continue;
    nearest = name;
    least = distance;
  }
  return nearest;
}

/**
 * The number of typos by which `word` differs from `name`, regardless of case. Infinity if there are
 * too many. The cost is bounded by the length of `name`, however long the word is.
 */
export function typosBetween(word: string, name: string): number {
  const most = Math.min(MAX_TYPOS, name.length / 2);
  if (Math.abs(word.length - name.length) > most) return Infinity;
  const distance = levenshtein(word.toLowerCase(), name.toLowerCase());
  return distance > most ? Infinity : distance;
}

function levenshtein(a: string, b: string): number {
  // One row of the usual table, which the next row replaces from left to right.
  const row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let line = 1; line <= a.length; line += 1) {
    let diagonal = row[0] as number;
    row[0] = line;
    for (let column = 1; column <= b.length; column += 1) {
      const above = row[column] as number;
      const replaced = diagonal + (a[line - 1] === b[column - 1] ? 0 : 1);
      row[column] = Math.min(replaced, above + 1, (row[column - 1] as number) + 1);
      diagonal = above;
    }
  }
  return row[b.length] as number;
}
