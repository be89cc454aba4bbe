-- As migration.sql, without blocking the writers of members, customers and seats. A process that was killed leaves an
-- invalid index.

DROP INDEX CONCURRENTLY IF EXISTS members_by_email_keys;
CREATE INDEX CONCURRENTLY members_by_email_keys ON members (organization_id, email_key(email))
  WHERE deleted_at IS NULL;

DROP INDEX CONCURRENTLY IF EXISTS members_email_keys;
CREATE UNIQUE INDEX CONCURRENTLY members_email_keys ON members (organization_id, customer_id, email_key(email))
  WHERE deleted_at IS NULL;

DROP INDEX CONCURRENTLY IF EXISTS customers_email_keys;
CREATE UNIQUE INDEX CONCURRENTLY customers_email_keys ON customers (organization_id, email_key(email))
  WHERE deleted_at IS NULL;

DROP INDEX CONCURRENTLY IF EXISTS seats_email_keys;
CREATE UNIQUE INDEX CONCURRENTLY seats_email_keys ON seats (organization_id, pool_id, email_key(email))
  WHERE status <> 'revoked';
