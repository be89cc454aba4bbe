/* Draws plots as SVG. A white background makes them readable in light and dark pages. */
import { text } from './numbers.ts';

/** Bars side by side, each with the spread of its rounds. */
export interface Bars {
  kind: 'bars';
  title: string;
  unit: string;
  bars: { name: string; median: number; low: number; high: number }[];
}

/** Lines over a logarithmic axis. */
export interface Lines {
  kind: 'lines';
  title: string;
  x: string;
  y: string;
  lines: { name: string; points: [x: number, y: number][] }[];
}

const WIDTH = 720;
const LEGEND_COLUMNS = 4;
const COLORS = ['#1f5fa8', '#c2571a', '#3a7d34', '#8a3f94', '#6b6b6b', '#a32c2c'];
const INK = '#222';
const GRID = '#ddd';

/** Horizontal bars. A thin line shows the lowest and the highest round. */
export function barChart({ title, unit, bars }: Bars): string {
  const [left, right, top, step] = [190, 90, 56, 34];
  const height = top + bars.length * step + 52;
  const ticks = niceTicks(Math.max(...bars.map(({ high }) => high)));
  const end = ticks.at(-1) ?? 1;
  const x = (value: number) => left + (value / end) * (WIDTH - left - right);
  const bottom = top + bars.length * step;
  const parts = ticks.map(
    (tick) =>
      line(x(tick), top, x(tick), bottom, GRID) + label(x(tick), bottom + 16, text(tick), 'middle'),
  );
  for (const [index, { name, median, low, high }] of bars.entries()) {
    const y = top + index * step + 6;
    const middle = y + 11;
    const color = COLORS[index % COLORS.length];
    parts.push(
      label(left - 8, middle + 4, name, 'end'),
      `<rect x="${left}" y="${y}" width="${fixed(x(median) - left)}" height="22" fill="${color}"/>`,
      line(x(low), middle, x(high), middle, INK, 2),
      label(x(high) + 6, middle + 4, text(median), 'start'),
    );
  }
  parts.push(label((left + WIDTH - right) / 2, height - 14, unit, 'middle'));
  return svg(title, height, parts);
}

/** Lines with a logarithmic x axis. A size of 0 is drawn at the left edge. */
export function lineChart({ title, x: xTitle, y: yTitle, lines }: Lines): string {
  const [left, right, top, height] = [72, 24, 56, 400];
  const bottom = height - 56 - Math.ceil(lines.length / LEGEND_COLUMNS) * 18;
  const points = lines.flatMap((each) => each.points);
  const xs = [...new Set(points.map(([x]) => x))].toSorted((a, b) => a - b);
  const positive = xs.filter((x) => x > 0);
  const first = Math.log10(positive[0] ?? 1) - (xs[0] === 0 ? 0.7 : 0);
  const width = Math.max(Math.log10(positive.at(-1) ?? 1) - first, 0.1);
  const x = (value: number) =>
    left + ((value === 0 ? 0 : Math.log10(value) - first) / width) * (WIDTH - left - right - 20);
  const ticks = niceTicks(Math.max(...points.map(([, y]) => y)));
  const end = ticks.at(-1) ?? 1;
  const y = (value: number) => bottom - (value / end) * (bottom - top);
  const parts = [
    ...ticks.map(
      (tick) =>
        line(left, y(tick), WIDTH - right, y(tick), GRID) +
        label(left - 8, y(tick) + 4, text(tick), 'end'),
    ),
    ...xs.map(
      (value) =>
        line(x(value), bottom, x(value), bottom + 4, INK) +
        label(x(value), bottom + 18, value.toLocaleString('en'), 'middle'),
    ),
    line(left, bottom, WIDTH - right, bottom, INK),
    label((left + WIDTH - right) / 2, bottom + 38, xTitle, 'middle'),
    `<text x="18" y="${(top + bottom) / 2}" text-anchor="middle" transform="rotate(-90 18 ${(top + bottom) / 2})">${escape(yTitle)}</text>`,
  ];
  for (const [index, { name, points: own }] of lines.entries()) {
    const color = COLORS[index % COLORS.length] as string;
    const path = own.map(([a, b]) => `${fixed(x(a))},${fixed(y(b))}`).join(' ');
    const [legendX, legendY] = [
      left + (index % LEGEND_COLUMNS) * 155,
      bottom + 60 + Math.floor(index / LEGEND_COLUMNS) * 18,
    ];
    parts.push(
      `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2"/>`,
      ...own.map(
        ([a, b]) => `<circle cx="${fixed(x(a))}" cy="${fixed(y(b))}" r="3.5" fill="${color}"/>`,
      ),
      line(legendX, legendY - 4, legendX + 20, legendY - 4, color, 3),
      label(legendX + 26, legendY, name, 'start'),
    );
  }
  return svg(title, height, parts);
}

function svg(title: string, height: number, parts: string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escape(title)}" font-family="system-ui, sans-serif" font-size="13" fill="${INK}">`,
    `<rect width="${WIDTH}" height="${height}" rx="6" fill="#fff"/>`,
    `<text x="20" y="30" font-size="16" font-weight="600">${escape(title)}</text>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function line(x1: number, y1: number, x2: number, y2: number, color: string, width = 1): string {
  return `<line x1="${fixed(x1)}" y1="${fixed(y1)}" x2="${fixed(x2)}" y2="${fixed(y2)}" stroke="${color}" stroke-width="${width}"/>`;
}

function label(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}">${escape(content)}</text>`;
}

/** Ticks from 0, in steps of 1, 2 or 5 and a power of ten, up to or above the maximum. */
function niceTicks(maximum: number): number[] {
  const rough = (maximum > 0 ? maximum : 1) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough) ?? power;
  const count = Math.ceil(maximum / step - 1e-9);
  return Array.from({ length: Math.max(1, count) + 1 }, (_, index) => index * step);
}

const fixed = (value: number) => Number(value.toFixed(1));
const escape = (content: string) =>
  content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
