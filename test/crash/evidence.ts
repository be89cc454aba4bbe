import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import type { Recorder } from './client.js';
import type { EffectRow, EventRow, ObjectRow, PoolRow, SeatRow } from './history.js';

const LOOK_MS = 500;

/** Counts the work in the database that waits for the workers. */
const OPEN = `
  SELECT (SELECT count(*)::int FROM outbox) AS "events to hand on",
    (SELECT count(*)::int FROM effects WHERE done_at IS NULL) AS "mails to send",
    (SELECT count(*)::int FROM webhook_messages) AS "webhooks to send"`;

/**
 * Waits until no event, mail or webhook waits any more.
 * @returns what still waits after `seconds`.
 */
export async function waitUntilQuiet(
  client: Client,
  seconds: number,
): Promise<Record<string, number>> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const { rows } = await client.query<Record<string, number>>(OPEN);
    const open = rows[0] ?? {};
    const quiet = Object.values(open).every((count) => count === 0);
    if (quiet || Date.now() > deadline) return open;
    await sleep(LOOK_MS);
  }
}

/** The state of the database. */
export async function readDatabase(client: Client): Promise<{
  events: EventRow[];
  seats: SeatRow[];
  pools: PoolRow[];
  objects: ObjectRow[];
  effects: EffectRow[];
}> {
  const rows = async <Row extends object>(text: string) => (await client.query<Row>(text)).rows;
  const events = await rows<EventRow>(`
    SELECT id, position::float8 AS position, stream.sequence::float8 AS sequence,
      (extract(epoch FROM created_at) * 1000)::float8 AS created_at, events.type, actor_type,
      request_id, reason, replaced_by, pool_id, events.seat_id, invites, data
    FROM events LEFT JOIN event_stream stream ON stream.event_id = events.id
    ORDER BY events.position`);
  const seats = await rows<SeatRow>(`
    SELECT s.id, s.pool_id, s.status, s.email, s.metadata,
      m.deleted_at IS NOT NULL AS member_deleted
    FROM seats s LEFT JOIN members m
      ON m.organization_id = s.organization_id AND m.id = s.member_id`);
  const pools = await rows<PoolRow>(`
    SELECT p.id, coalesce(p.subscription_id, p.order_id) AS container_id, p.capacity, p.taken,
      coalesce(s.status, o.status) AS status
    FROM pools p LEFT JOIN subscriptions s ON s.id = p.subscription_id
    LEFT JOIN orders o ON o.id = p.order_id`);
  const objects = await rows<ObjectRow>(`
    SELECT id, metadata FROM products UNION ALL SELECT id, metadata FROM customers
    UNION ALL SELECT id, metadata FROM subscriptions UNION ALL SELECT id, metadata FROM orders`);
  const effects = await rows<EffectRow>('SELECT event_id, outcome FROM effects');
  return { events, seats, pools, objects, effects };
}

/** The ids of all events, as a client pages through them. @throws {Error} without an answer. */
export async function listEvents(recorder: Recorder): Promise<string[]> {
  const ids: string[] = [];
  let cursor = '';
  for (;;) {
    const page = await recorder.read(`events?limit=1000${cursor}`, 0);
    if (page === undefined) throw new Error('GET /v1/events has no answer.');
    ids.push(...page.items.map(({ id }: { id: string }) => id));
    if (page.next_cursor === null) return ids;
    cursor = `&cursor=${page.next_cursor}`;
  }
}
