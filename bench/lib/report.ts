/* The report: sections with tables and plots, and a summary of the figures that have a goal. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Measure, Result } from './contest.ts';
import { type Spread, spreadText } from './numbers.ts';
import { barChart, type Bars, lineChart, type Lines } from './plot.ts';

export interface Table {
  columns: string[];
  rows: string[][];
}

/** A figure with a goal. */
export interface Figure {
  what: string;
  measured: string;
  /** The value that must be reached, and the value aimed at; '' without a goal. */
  atLeast?: string;
  aim?: string;
}

export interface Section {
  title: string;
  /** The subject and the method of the measurement. */
  text: string;
  tables: Table[];
  /** By the name of the file, without .svg. */
  plots?: Record<string, Bars | Lines>;
  figures?: Figure[];
  /** Figures that this machine cannot measure, with the reason. */
  skipped?: string[];
}

export const times = (spread: Spread) => `${spreadText(spread)} ×`;

/** A figure that compares two contestants. */
export function comparison(
  what: string,
  [one, other]: [Result | undefined, Result | undefined],
  measure: Measure,
  goals: { atLeast: string; aim: string },
): Figure[] {
  if (one === undefined || other === undefined) return [];
  return [{ what, measured: times(one.against(other, measure)), ...goals }];
}

const COLUMNS: [Measure, string][] = [
  ['cpu', 'CPU, ms/request'],
  ['postgresCpu', 'CPU of PostgreSQL, ms/request'],
  ['perSecond', 'requests/s'],
  ['p50', 'p50, ms'],
  ['p95', 'p95, ms'],
  ['p99', 'p99, ms'],
  ['memory', 'memory, MiB'],
];

/**
 * One row for each contestant. CPU per request comes first: it holds on a noisy machine.
 * @param base the contestant with which the others are compared.
 */
export function resultTable(results: Result[], base: Result | undefined = results[0]): Table {
  return {
    columns: ['', ...COLUMNS.map(([, title]) => title), `CPU, × ${base?.name}`],
    rows: results.map((result) => [
      result.name,
      ...COLUMNS.map(([measure]) => spreadText(result.spread(measure))),
      base === undefined ? '' : spreadText(result.against(base, 'cpu')),
    ]),
  };
}

/** Throughput side by side. */
export function throughputPlot(title: string, results: Result[]): Bars {
  return {
    kind: 'bars',
    title,
    unit: 'requests/s',
    bars: results.map((result) => ({ name: result.name, ...result.spread('perSecond') })),
  };
}

/** The report as Markdown. @param plots the folder of the plots, relative to the report. */
export function markdown(head: string, sections: Section[], plots: string): string {
  const figures = sections.flatMap((section) => section.figures ?? []);
  const summary = {
    columns: ['', 'measured', 'at least', 'aim'],
    rows: figures.map(({ what, measured, atLeast, aim }) => [
      what,
      measured,
      atLeast ?? '',
      aim ?? '',
    ]),
  };
  return `${[
    head,
    '## Summary',
    tableText(summary),
    ...sections.flatMap((section) => [
      `## ${section.title}`,
      section.text,
      ...section.tables.map(tableText),
      ...(section.skipped ?? []).map((reason) => `Not measured: ${reason}`),
      ...Object.entries(section.plots ?? {}).map(
        ([name, plot]) => `![${plot.title}](${plots}/${name}.svg)`,
      ),
    ]),
  ].join('\n\n')}\n`;
}

/** A table as Markdown. */
export function tableText({ columns, rows }: Table): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  const rule = columns.map((_, index) => (index === 0 ? '---' : '---:'));
  return [line(columns), `|${rule.join('|')}|`, ...rows.map(line)].join('\n');
}

/** Writes the report and its plots. */
export async function writeReport(
  directory: string,
  name: string,
  head: string,
  sections: Section[],
): Promise<string> {
  const plots = join(directory, name);
  await mkdir(plots, { recursive: true });
  for (const [file, plot] of sections.flatMap(({ plots: all = {} }) => Object.entries(all))) {
    const svg = plot.kind === 'bars' ? barChart(plot) : lineChart(plot);
    await writeFile(join(plots, `${file}.svg`), svg);
  }
  const path = join(directory, `${name}.md`);
  await writeFile(path, markdown(head, sections, name));
  return path;
}
