-- As migration.sql, without blocking the writers of events.
ALTER TABLE "events" ADD COLUMN IF NOT EXISTS "sequence" BIGINT;

CREATE SEQUENCE IF NOT EXISTS events_numbers OWNED BY events.sequence;

-- A process that was killed leaves an invalid index.
DROP INDEX CONCURRENTLY IF EXISTS events_unnumbered;
CREATE INDEX CONCURRENTLY events_unnumbered ON events (position) WHERE sequence IS NULL;

DROP INDEX CONCURRENTLY IF EXISTS events_stream;
CREATE UNIQUE INDEX CONCURRENTLY events_stream ON events (organization_id, sequence)
  WHERE sequence IS NOT NULL;

DROP INDEX CONCURRENTLY IF EXISTS events_stream_of_subscription;
CREATE INDEX CONCURRENTLY events_stream_of_subscription ON events (subscription_id, sequence)
  WHERE subscription_id IS NOT NULL AND sequence IS NOT NULL;

DROP INDEX CONCURRENTLY IF EXISTS events_stream_of_order;
CREATE INDEX CONCURRENTLY events_stream_of_order ON events (order_id, sequence)
  WHERE order_id IS NOT NULL AND sequence IS NOT NULL;

-- Without statistics about the new column, PostgreSQL would not use these indexes.
ANALYZE events;
