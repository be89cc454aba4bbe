// Bytes of JSON.
const MAX_BYTES = 1024;
// Tokens and secrets that the service issues, wherever a client sends them by mistake.
const SECRET = /seat_(?:oat|cst|mst)_|whsec_/;

/** Whether the text contains a token or a secret of the service. */
export function hasSecret(text: string): boolean {
  return SECRET.test(text);
}

/**
 * A value as an error may echo it: at most 1 KB as JSON, and without secrets. Longer strings are cut,
 * and the items and keys that do not fit are left out.
 */
export function excerpt(value: unknown): unknown {
  return new Excerpt().of(value);
}

class Excerpt {
  private left = MAX_BYTES;

  of(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return this.list(value);
    if (typeof value === 'object' && value !== null && !(value instanceof Date)) {
      return this.object(value);
    }
    this.left -= bytesOf(value);
    return value;
  }

  private list(value: unknown[]): unknown[] {
    this.left -= 2;
    const items: unknown[] = [];
    for (const item of value) {
      // Room for a comma and the shortest excerpt of any value.
      if (this.left < 32) break;
      this.left -= 1;
      items.push(this.of(item));
    }
    return items;
  }

  private object(value: object): object {
    this.left -= 2;
    const entries: [string, unknown][] = [];
    for (const [key, item] of Object.entries(value)) {
      if (item === undefined) continue;
      const bytes = key.length > MAX_BYTES ? Infinity : bytesOf(key) + 2;
      if (this.left - bytes < 32) break;
      this.left -= bytes;
      entries.push([key, this.of(item)]);
    }
    return Object.fromEntries(entries);
  }

  private text(value: string): string | null {
    // The start of a longer text is enough: more of it would not be shown.
    const start = value.slice(0, MAX_BYTES);
    if (hasSecret(start)) {
      this.left -= 4;
      return null;
    }
    let shown = start;
    while (shown.length > 0 && bytesOf(shown) > this.left - 3) {
      shown = shown.slice(0, shown.length >> 1);
    }
    if (shown.length < value.length) shown += '…';
    this.left -= bytesOf(shown);
    return shown;
  }
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value) ?? '');
}
