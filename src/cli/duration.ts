const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };

/** Parses a duration such as 90d, 12h, 30m or 45s into seconds. Returns undefined for other text. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit] = /^([1-9]\d{0,5})([smhdw])$/.exec(text) ?? [];
  return count && unit ? Number(count) * (SECONDS[unit] as number) : undefined;
}
