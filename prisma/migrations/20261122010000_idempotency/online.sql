-- As migration.sql, without blocking the writers of members.
CREATE TABLE IF NOT EXISTS "idempotency_keys" (
    "organization_id" UUID NOT NULL,
    "owner" UUID NOT NULL,
    "method" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "status" INTEGER NOT NULL,
    "body" JSONB NOT NULL,

    CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY ("organization_id","owner","method","path","key")
);

CREATE INDEX IF NOT EXISTS "idempotency_keys_created_at_idx" ON "idempotency_keys"("created_at");

DROP INDEX CONCURRENTLY IF EXISTS "members_organization_id_external_id_idx";
CREATE INDEX CONCURRENTLY "members_organization_id_external_id_idx" ON "members"("organization_id", "external_id");
