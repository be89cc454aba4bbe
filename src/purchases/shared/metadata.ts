/** Data of the caller's own, as JSON. What fits is said by MetadataField. */
export interface Metadata {
  [key: string]: Json;
}

type Json = string | number | boolean | null | Json[] | Metadata;

/** Metadata of a PATCH: null empties it, undefined leaves it alone. */
export function patchedMetadata(sent: Metadata | null | undefined): Metadata | undefined {
  return sent === null ? {} : sent;
}
