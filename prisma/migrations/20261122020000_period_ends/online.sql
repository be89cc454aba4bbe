-- As migration.sql, without blocking the writers of subscriptions.
DROP INDEX CONCURRENTLY IF EXISTS subscriptions_due;
CREATE INDEX CONCURRENTLY subscriptions_due ON subscriptions (current_period_end)
  WHERE cancel_at_period_end AND ended_at IS NULL;
