SET lock_timeout = '5s';

-- The token that created this one. Tokens that exist already, and those of the previous release, have
-- no parent.
-- AlterTable
ALTER TABLE "access_tokens" ADD COLUMN "parent_id" UUID,
ADD COLUMN "generation" SMALLINT NOT NULL DEFAULT 0;

-- CreateIndex
CREATE INDEX "access_tokens_organization_id_parent_id_idx" ON "access_tokens"("organization_id", "parent_id");

-- AddForeignKey
ALTER TABLE "access_tokens" ADD CONSTRAINT "access_tokens_organization_id_parent_id_fkey" FOREIGN KEY ("organization_id", "parent_id") REFERENCES "access_tokens"("organization_id", "id") ON DELETE NO ACTION ON UPDATE NO ACTION;
