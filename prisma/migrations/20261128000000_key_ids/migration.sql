SET lock_timeout = '5s';

-- Which key made it, by a name derived from the key; null where a release before wrote it, which
-- does not know the column.
-- AlterTable
ALTER TABLE "access_tokens" ADD COLUMN "key_id" TEXT;

-- AlterTable
ALTER TABLE "webhook_secrets" ADD COLUMN "key_id" TEXT;
