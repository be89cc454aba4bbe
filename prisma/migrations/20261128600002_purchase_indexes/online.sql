-- As migration.sql, without blocking the writers of subscriptions, pools and organizations. A process
-- that was killed leaves an invalid index.
DROP INDEX CONCURRENTLY IF EXISTS "subscriptions_organization_id_product_id_idx";
CREATE INDEX CONCURRENTLY "subscriptions_organization_id_product_id_idx" ON "subscriptions"("organization_id", "product_id");

DROP INDEX CONCURRENTLY IF EXISTS "pools_organization_id_customer_id_idx";
CREATE INDEX CONCURRENTLY "pools_organization_id_customer_id_idx" ON "pools"("organization_id", "customer_id");

DROP INDEX CONCURRENTLY IF EXISTS pools_of_orders;
CREATE INDEX CONCURRENTLY pools_of_orders ON pools (organization_id, product_id)
  WHERE order_id IS NOT NULL AND active;

DROP INDEX CONCURRENTLY IF EXISTS organizations_graces;
CREATE INDEX CONCURRENTLY organizations_graces ON organizations (expired_invitation_grace)
  WHERE expired_invitation_grace > 0;
