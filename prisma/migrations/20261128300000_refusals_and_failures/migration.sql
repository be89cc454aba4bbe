SET lock_timeout = '5s';

-- AlterTable
ALTER TABLE "effects" ADD COLUMN "refusals" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "webhook_endpoints" ADD COLUMN "failures" INTEGER NOT NULL DEFAULT 0;
