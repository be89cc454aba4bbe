import { sql } from '../platform/database/database.js';

/**
 * A statement that returns when the next message to an enabled endpoint is due. It steps through the
 * index from one endpoint to the next, so its cost depends on the number of endpoints with messages.
 */
export const NEXT_ATTEMPT = sql`
  WITH RECURSIVE earliest AS (
    (SELECT organization_id, endpoint_id, next_attempt_at FROM webhook_messages
      WHERE next_attempt_at IS NOT NULL ORDER BY endpoint_id, next_attempt_at LIMIT 1)
    UNION ALL
    SELECT next.* FROM earliest
    CROSS JOIN LATERAL (
      SELECT organization_id, endpoint_id, next_attempt_at FROM webhook_messages
      WHERE next_attempt_at IS NOT NULL AND endpoint_id > earliest.endpoint_id
      ORDER BY endpoint_id, next_attempt_at LIMIT 1
    ) next
  )
  SELECT min(earliest.next_attempt_at) FROM earliest
  JOIN webhook_endpoints endpoint ON endpoint.organization_id = earliest.organization_id
    AND endpoint.id = earliest.endpoint_id AND endpoint.enabled`;
