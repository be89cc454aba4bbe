-- As migration.sql, without blocking the writers of sessions.
ALTER TABLE "customer_sessions" ADD COLUMN IF NOT EXISTS "return_url" TEXT,
ADD COLUMN IF NOT EXISTS "code_hash" TEXT,
ADD COLUMN IF NOT EXISTS "code_expires_at" TIMESTAMPTZ(3),
ADD COLUMN IF NOT EXISTS "code_spent_at" TIMESTAMPTZ(3);

-- A process that was killed leaves an invalid index.
DROP INDEX CONCURRENTLY IF EXISTS "customer_sessions_code_hash_key";
CREATE UNIQUE INDEX CONCURRENTLY "customer_sessions_code_hash_key" ON "customer_sessions"("code_hash");
