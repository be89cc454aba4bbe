-- As migration.sql, without blocking the writers of events.
DROP INDEX CONCURRENTLY IF EXISTS events_of_subscription;
CREATE INDEX CONCURRENTLY events_of_subscription ON events (subscription_id, xact, position)
  WHERE subscription_id IS NOT NULL;

DROP INDEX CONCURRENTLY IF EXISTS events_of_order;
CREATE INDEX CONCURRENTLY events_of_order ON events (order_id, xact, position)
  WHERE order_id IS NOT NULL;
