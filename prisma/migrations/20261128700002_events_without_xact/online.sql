-- As migration.sql, without blocking the writers of events.
DROP INDEX CONCURRENTLY IF EXISTS "events_organization_id_xact_position_idx";
DROP INDEX CONCURRENTLY IF EXISTS events_of_subscription;
DROP INDEX CONCURRENTLY IF EXISTS events_of_order;
ALTER TABLE "events" DROP COLUMN IF EXISTS "xact";
