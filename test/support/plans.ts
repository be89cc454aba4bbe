import type { Database } from '../../src/platform/database/database.js';
import type { TestDatabase } from './database.js';

interface Node {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Actual Rows': number;
  Plans?: Node[];
  [more: string]: unknown;
}

export interface Step {
  kind: string;
  table: string | undefined;
  index: string | undefined;
  /** The most rows that one run of it gave or threw away. */
  rows: number;
}

/**
 * Runs a repository's own statements and tells how PostgreSQL ran them, step by step. Ask about the
 * large tables only: a small one is rightly read whole, as soon as it has been analyzed.
 */
export async function stepsOf(
  database: TestDatabase,
  work: (database: Database) => Promise<unknown>,
): Promise<Step[]> {
  const steps: Step[] = [];
  const visit = (node: Node) => {
    const removed = Object.entries(node).filter(([name]) => name.startsWith('Rows Removed by'));
    steps.push({
      kind: node['Node Type'],
      table: node['Relation Name'],
      index: node['Index Name'],
      rows: Math.max(node['Actual Rows'], ...removed.map(([, count]) => Number(count))),
    });
    node.Plans?.forEach(visit);
  };
  const explain = {
    query: async ({ text, values }: { text: string; values: unknown[] }) => {
      const [row] = await database.sql(`EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, values);
      visit(row?.['QUERY PLAN'][0].Plan);
      return [];
    },
    transaction: (inner: () => Promise<unknown>) => inner(),
    lockName: () => Promise.resolve(),
  };
  await work(explain as unknown as Database);
  return steps;
}
