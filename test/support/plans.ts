import type { Database } from '../../src/platform/database/database.js';
import type { TestDatabase } from './database.js';

interface Node {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  Plans?: Node[];
  [more: string]: unknown;
}

export interface Step {
  kind: string;
  table: string | undefined;
  index: string | undefined;
  /** The highest number of rows that one execution of the step returned or discarded. */
  rows: number;
  /** How often it ran. */
  runs: number;
}

/**
 * Explains the statements that `work` runs through a repository.
 * @returns the steps of PostgreSQL's plans. Check the steps of large tables only: PostgreSQL rightly
 *   reads a small table as a whole.
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
      runs: node['Actual Loops'],
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
    requireTransaction: () => undefined,
    lockName: () => Promise.resolve(),
    tryLockName: () => Promise.resolve(true),
  };
  await work(explain as unknown as Database);
  return steps;
}
