-- As migration.sql, without blocking the writers of access tokens.
ALTER TABLE "access_tokens" ADD COLUMN IF NOT EXISTS "parent_id" UUID,
ADD COLUMN IF NOT EXISTS "generation" SMALLINT NOT NULL DEFAULT 0;

-- A process that was killed leaves an invalid index.
DROP INDEX CONCURRENTLY IF EXISTS "access_tokens_organization_id_parent_id_idx";
CREATE INDEX CONCURRENTLY "access_tokens_organization_id_parent_id_idx" ON "access_tokens"("organization_id", "parent_id");

ALTER TABLE "access_tokens" DROP CONSTRAINT IF EXISTS "access_tokens_organization_id_parent_id_fkey";
ALTER TABLE "access_tokens" ADD CONSTRAINT "access_tokens_organization_id_parent_id_fkey" FOREIGN KEY ("organization_id", "parent_id") REFERENCES "access_tokens"("organization_id", "id") ON DELETE NO ACTION ON UPDATE NO ACTION;
