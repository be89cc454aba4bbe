/*
 * The statements of the bare contestants, one for each request. Each looks the token up by its hash.
 * The server and pgbench send the same ones.
 */
import { createHash } from 'node:crypto';

/** How the bare contestants store a token. */
export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

const SEAT_COLUMNS = `seat.id, seat.pool_id, seat.status, seat.email, seat.created_at,
  seat.invitation_expires_at, seat.claimed_at, member.id AS member_id,
  member.created_at AS member_created_at, member.customer_id`;

/** $1 hash of the access token, $2 subscription, $3 e-mail, $4 seat, $5 hash of the invitation. */
export const ASSIGN = `
  WITH pool AS (
    SELECT pool.* FROM bare.tokens token
    JOIN bare.pools pool ON pool.organization_id = token.organization_id
    WHERE token.hash = $1 AND pool.subscription_id = $2 AND pool.active
      AND pool.taken < pool.capacity
    FOR NO KEY UPDATE OF pool
  ), existing AS (
    SELECT member.* FROM bare.members member, pool
    WHERE member.customer_id = pool.customer_id AND member.email = $3
  ), created AS (
    INSERT INTO bare.members (id, organization_id, customer_id, email, created_at)
    SELECT gen_random_uuid(), organization_id, customer_id, $3, now() FROM pool
    WHERE NOT EXISTS (SELECT FROM existing)
    ON CONFLICT DO NOTHING
    RETURNING *
  ), member AS (
    SELECT * FROM existing UNION ALL SELECT * FROM created
  ), seat AS (
    INSERT INTO bare.seats (id, pool_id, member_id, email, status, created_at, invitation_hash,
      invitation_expires_at)
    SELECT $4, pool.id, member.id, member.email, 'pending', now(), $5, now() + interval '7 days'
    FROM pool, member
    ON CONFLICT DO NOTHING
    RETURNING *
  ), counted AS (
    UPDATE bare.pools SET taken = pools.taken + 1 FROM seat WHERE pools.id = seat.pool_id
  ), event AS (
    INSERT INTO bare.events (organization_id, seat_id, type, created_at, data)
    SELECT member.organization_id, seat.id, 'assigned', now(), to_jsonb(seat) FROM seat, member
  )
  SELECT ${SEAT_COLUMNS} FROM seat, member`;

/** $1 hash of the access token, $2 product, $3 e-mail. */
export const ACCESS = `
  SELECT ${SEAT_COLUMNS} FROM bare.tokens token
  JOIN bare.members member
    ON member.organization_id = token.organization_id AND member.email = $3
  JOIN bare.seats seat ON seat.member_id = member.id AND seat.status = 'claimed'
  JOIN bare.pools pool ON pool.id = seat.pool_id AND pool.active AND pool.product_id = $2
  WHERE token.hash = $1
  LIMIT 1`;

/** $1 hash of the access token, $2 subscription, $3 limit. */
export const LIST = `
  SELECT pool.capacity, pool.taken, ${SEAT_COLUMNS} FROM bare.tokens token
  JOIN bare.pools pool
    ON pool.organization_id = token.organization_id AND pool.subscription_id = $2
  JOIN bare.seats seat ON seat.pool_id = pool.id
  JOIN bare.members member ON member.id = seat.member_id
  WHERE token.hash = $1
  ORDER BY seat.created_at, seat.id LIMIT $3`;

/** $1 hash of the invitation, $2 hash of the new session. */
export const CLAIM = `
  WITH seat AS (
    UPDATE bare.seats SET status = 'claimed', claimed_at = now(), invitation_hash = NULL,
      invitation_expires_at = NULL
    FROM bare.pools pool
    WHERE pool.id = seats.pool_id AND pool.active AND seats.invitation_hash = $1
      AND seats.status = 'pending' AND seats.invitation_expires_at > now()
    RETURNING seats.*, pool.organization_id
  ), session AS (
    INSERT INTO bare.sessions (hash, member_id, expires_at)
    SELECT $2, member_id, now() + interval '1 hour' FROM seat
  ), event AS (
    INSERT INTO bare.events (organization_id, seat_id, type, created_at, data)
    SELECT organization_id, id, 'claimed', now(), to_jsonb(seat) FROM seat
  )
  SELECT ${SEAT_COLUMNS} FROM seat JOIN bare.members member ON member.id = seat.member_id`;
