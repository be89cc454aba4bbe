SET lock_timeout = '5s';

-- The link to the portal carries a one-time code instead of the session's token.
-- AlterTable
ALTER TABLE "customer_sessions" ADD COLUMN "return_url" TEXT,
ADD COLUMN "code_hash" TEXT,
ADD COLUMN "code_expires_at" TIMESTAMPTZ(3),
ADD COLUMN "code_spent_at" TIMESTAMPTZ(3);

-- CreateIndex
CREATE UNIQUE INDEX "customer_sessions_code_hash_key" ON "customer_sessions"("code_hash");
