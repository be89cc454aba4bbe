/* Medians and spreads, and how they are written. */

/** The median of the rounds, with the lowest and the highest round. */
export interface Spread {
  median: number;
  low: number;
  high: number;
}

export function spread(values: number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
  return { median, low: sorted[0] ?? NaN, high: sorted.at(-1) ?? NaN };
}

/** The ratios of two contestants in the same rounds. */
export function ratio(values: number[], others: number[]): Spread {
  return spread(values.map((value, round) => value / (others[round] ?? NaN)));
}

/** A value of sorted numbers: `share` is 0.5 for the median. */
export function percentile(sorted: number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** Three significant digits, and whole numbers from 100 up. */
export function text(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return Number(value.toFixed(Math.min(digits, 3))).toLocaleString('en', {
    minimumFractionDigits: Math.min(digits, 2),
    maximumFractionDigits: 3,
  });
}

/** `0.93 (0.90–0.97)`; without the spread if there was one round. */
export function spreadText({ median, low, high }: Spread): string {
  const [a, b] = [text(low), text(high)];
  return a === b ? text(median) : `${text(median)} (${a}–${b})`;
}
