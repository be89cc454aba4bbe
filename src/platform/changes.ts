import { isDeepStrictEqual } from 'node:util';

/**
 * The keys of `wanted` that are given and differ from what `row` holds, so that a PATCH which
 * changes nothing writes nothing. A key that is undefined was not sent.
 */
export function changesOf<Row extends object>(row: Row, wanted: Partial<Row>): Partial<Row> {
  const changed = Object.entries(wanted).filter(
    ([key, value]) => value !== undefined && !isDeepStrictEqual(row[key as keyof Row], value),
  );
  return Object.fromEntries(changed) as Partial<Row>;
}

/** Whether there is anything to write. */
export function isEmpty(changes: object): boolean {
  return Object.keys(changes).length === 0;
}
