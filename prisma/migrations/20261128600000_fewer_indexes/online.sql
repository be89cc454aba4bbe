-- As migration.sql, without blocking the writers of seats and members. Each index is built before
-- the one that it replaces is dropped, so that no rule is ever without its index. A process that was
-- killed leaves an invalid index.

DROP INDEX CONCURRENTLY IF EXISTS "seats_pool_id_created_at_id_idx";
CREATE INDEX CONCURRENTLY "seats_pool_id_created_at_id_idx" ON "seats"("pool_id", "created_at", "id");
DROP INDEX CONCURRENTLY IF EXISTS "seats_organization_id_pool_id_created_at_id_idx";

DROP INDEX CONCURRENTLY IF EXISTS seats_invitation_hash;
CREATE UNIQUE INDEX CONCURRENTLY seats_invitation_hash ON seats (invitation_hash)
  WHERE invitation_hash IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS "seats_invitation_hash_key";

DROP INDEX CONCURRENTLY IF EXISTS seats_one_per_member_new;
CREATE UNIQUE INDEX CONCURRENTLY seats_one_per_member_new
  ON seats (organization_id, member_id, pool_id) WHERE status <> 'revoked';
DROP INDEX CONCURRENTLY IF EXISTS seats_of_member;
DROP INDEX CONCURRENTLY IF EXISTS seats_one_per_member;
ALTER INDEX seats_one_per_member_new RENAME TO seats_one_per_member;

DROP INDEX CONCURRENTLY IF EXISTS seats_of_customer_new;
CREATE INDEX CONCURRENTLY seats_of_customer_new ON seats (organization_id, customer_id, pool_id)
  WHERE status <> 'revoked';
DROP INDEX CONCURRENTLY IF EXISTS seats_of_customer;
ALTER INDEX seats_of_customer_new RENAME TO seats_of_customer;

DROP INDEX CONCURRENTLY IF EXISTS seats_email_keys_new;
CREATE UNIQUE INDEX CONCURRENTLY seats_email_keys_new
  ON seats (organization_id, pool_id, email_key(email) text_pattern_ops) WHERE status <> 'revoked';
DROP INDEX CONCURRENTLY IF EXISTS seats_email_keys;
ALTER INDEX seats_email_keys_new RENAME TO seats_email_keys;

DROP INDEX CONCURRENTLY IF EXISTS members_email_keys_new;
CREATE UNIQUE INDEX CONCURRENTLY members_email_keys_new
  ON members (organization_id, email_key(email) text_pattern_ops, customer_id)
  WHERE deleted_at IS NULL;
DROP INDEX CONCURRENTLY IF EXISTS members_by_email_keys;
DROP INDEX CONCURRENTLY IF EXISTS members_email_keys;
ALTER INDEX members_email_keys_new RENAME TO members_email_keys;

DROP INDEX CONCURRENTLY IF EXISTS members_external_id_new;
CREATE UNIQUE INDEX CONCURRENTLY members_external_id_new
  ON members (organization_id, external_id, customer_id)
  WHERE deleted_at IS NULL AND external_id IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS "members_organization_id_external_id_idx";
DROP INDEX CONCURRENTLY IF EXISTS members_external_id;
ALTER INDEX members_external_id_new RENAME TO members_external_id;

DROP INDEX CONCURRENTLY IF EXISTS members_of_customer;
CREATE INDEX CONCURRENTLY members_of_customer ON members (organization_id, customer_id, created_at)
  WHERE deleted_at IS NULL;
DROP INDEX CONCURRENTLY IF EXISTS "members_organization_id_customer_id_created_at_id_idx";

DROP INDEX CONCURRENTLY IF EXISTS members_newest;
CREATE INDEX CONCURRENTLY members_newest ON members (organization_id, created_at)
  WHERE deleted_at IS NULL;

DROP INDEX CONCURRENTLY IF EXISTS members_by_name;
CREATE INDEX CONCURRENTLY members_by_name
  ON members (organization_id, customer_id, lower(name) text_pattern_ops)
  WHERE deleted_at IS NULL AND name IS NOT NULL;

-- Without statistics about the keys of the new indexes, PostgreSQL guesses how many rows match.
ANALYZE seats;

ANALYZE members;
