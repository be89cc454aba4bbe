import { isDeepStrictEqual } from 'node:util';

/**
 * The fields of `wanted` whose values differ from those of `row`, so that a PATCH without a change
 * writes nothing. A field that is undefined was not sent and does not count.
 */
export function changedFields<Row extends object>(row: Row, wanted: Partial<Row>): Partial<Row> {
  const changed = Object.entries(wanted).filter(
    ([key, value]) => value !== undefined && !isDeepStrictEqual(row[key as keyof Row], value),
  );
  return Object.fromEntries(changed) as Partial<Row>;
}

/** Whether there is nothing to write. */
export function isEmpty(changes: object): boolean {
  return Object.keys(changes).length === 0;
}
