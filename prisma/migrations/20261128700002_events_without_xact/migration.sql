SET lock_timeout = '5s';

-- The previous release does not read the column either.
-- DropIndex
DROP INDEX "events_organization_id_xact_position_idx";
-- By hand: these were created by hand.
DROP INDEX events_of_subscription;
DROP INDEX events_of_order;
-- AlterTable
ALTER TABLE "events" DROP COLUMN "xact";
