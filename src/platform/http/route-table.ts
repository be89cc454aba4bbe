import { typosBetween } from '../did-you-mean.js';

/** The methods of every route, to tell a path that takes other methods from one that does not exist. */
export class RouteTable {
  private readonly literal = new Map<string, Set<string>>();
  /** The segments of each path, whatever its methods. */
  private readonly paths = new Map<string, string[]>();
  private readonly patterns: { segments: string[]; method: string }[] = [];

  /** @param url the pattern, in which `:name` is any segment and a final `*` is any rest. */
  add(methods: string | string[], url: string): void {
    const segments = segmentsOf(url);
    this.paths.set(url, segments);
    const isLiteral = segments.every((segment) => !segment.startsWith(':') && segment !== '*');
    for (const method of [methods].flat()) {
      if (isLiteral) this.addLiteral(segments.join('/'), method);
      else this.patterns.push({ segments, method });
    }
  }

  /**
   * The methods that a path takes, in alphabetical order. A route without parameters hides the
   * patterns that match its path as well: /seats/bulk takes no method of /seats/:id.
   */
  methodsOf(path: string): string[] {
    const segments = segmentsOf(path);
    const literal = this.literal.get(segments.join('/'));
    const found = this.patterns.filter((route) => matches(route.segments, segments));
    return [...(literal ?? new Set(found.map(({ method }) => method)))].sort();
  }

  /** Whether a route without parameters has this path and another method. */
  hides(method: string, path: string): boolean {
    const literal = this.literal.get(segmentsOf(path).join('/'));
    return literal !== undefined && !literal.has(method);
  }

  /** The route whose path is nearest to this one, with its parameters as `{name}`. */
  nearestTo(path: string): string | undefined {
    const segments = segmentsOf(path);
    // A path that was built without the base path.
    const ways = [segments, ['v1', ...segments]];
    let nearest: string[] | undefined;
    let least = Infinity;
    for (const pattern of this.paths.values()) {
      for (const way of ways) {
        const typos = typosInPath(way, pattern);
        if (typos < least) [nearest, least] = [pattern, typos];
      }
    }
    return nearest && `/${nearest.map((part) => part.replace(/^:(\w+)/, '{$1}')).join('/')}`;
  }

  private addLiteral(path: string, method: string): void {
    const methods = this.literal.get(path) ?? new Set();
    this.literal.set(path, methods.add(method));
  }
}

// Together, so that a path with one typo in each segment is not near to any route.
const MAX_TYPOS = 3;

function typosInPath(path: string[], pattern: string[]): number {
  if (path.length !== pattern.length || pattern.at(-1) === '*') return Infinity;
  let typos = 0;
  for (const [index, part] of pattern.entries()) {
    const segment = path[index] as string;
    if (!part.startsWith(':')) typos += typosBetween(segment, part);
    else if (segment === '') return Infinity;
    if (typos > MAX_TYPOS) return Infinity;
  }
  return typos;
}

function segmentsOf(path: string): string[] {
  return path.replace(/\/$/, '').split('/').slice(1);
}

function matches(pattern: string[], segments: string[]): boolean {
  const hasRest = pattern.at(-1) === '*';
  if (hasRest ? segments.length < pattern.length : segments.length !== pattern.length) return false;
  return pattern.every((part, index) => {
    const segment = segments[index] as string;
    return part === '*' || (part.startsWith(':') ? segment !== '' : part === segment);
  });
}
