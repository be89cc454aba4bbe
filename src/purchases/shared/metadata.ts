import type { Prisma } from '../../generated/prisma/client.js';

/** The caller's own data: a JSON object within the limits of metadataProblem. */
export type Metadata = Prisma.JsonObject;

/** Metadata as Prisma types it in a row. A check of the table admits objects only. */
export type StoredMetadata = Prisma.JsonValue;

/** The metadata that a PATCH asks for: null empties it, undefined leaves it alone. */
export function patchedMetadata(sent: StoredMetadata | undefined): StoredMetadata | undefined {
  return sent === null ? {} : sent;
}
