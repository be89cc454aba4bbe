const UUID =
  /^(?:urn:uuid:)?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})$/i;

/**
 * The canonical form of a UUID (RFC 9562) that is written with or without hyphens, braces or
 * `urn:uuid:`. Undefined for any other text.
 */
export function parseUuid(text: unknown): string | undefined {
  const parts = typeof text === 'string' ? UUID.exec(text.replace(/^\{(.*)\}$/, '$1')) : null;
  return parts?.slice(1).join('-').toLowerCase();
}
