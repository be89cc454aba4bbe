/** Data of the caller's own, as JSON. What fits is said by metadataProblem. */
export interface Metadata {
  [key: string]: Json;
}

type Json = string | number | boolean | null | Json[] | Metadata;

/** Metadata of a PATCH: null empties it, undefined leaves it alone. */
export function patchedMetadata(sent: Metadata | null | undefined): Metadata | undefined {
  return sent === null ? {} : sent;
}

/**
 * A row whose metadata Prisma writes as it is. Given as a plain object, Prisma would look into it,
 * lose keys named __proto__ and trip over names of its own, such as __prismaRawParameters__.
 */
export function storable<Row extends object>(row: Row): Row {
  if (!('metadata' in row) || row.metadata === undefined) return row;
  const value = JSON.stringify(row.metadata);
  // How Prisma itself writes JSON on its way to the query compiler; toJSON keeps it from looking.
  return { ...row, metadata: { toJSON: () => ({ $type: 'Json', value }) } };
}
