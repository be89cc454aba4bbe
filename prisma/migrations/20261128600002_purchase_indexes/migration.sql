SET lock_timeout = '5s';

-- Is a product in use? Which orders of a customer give seats? Without these, the answer reads every
-- purchase of the organization.
-- CreateIndex
CREATE INDEX "subscriptions_organization_id_product_id_idx" ON "subscriptions"("organization_id", "product_id");

-- CreateIndex
CREATE INDEX "pools_organization_id_customer_id_idx" ON "pools"("organization_id", "customer_id");

-- By hand: what Prisma cannot say.
-- Only those of orders: an index of all pools of a product would tempt PostgreSQL to read them all
-- for a question about one person.
CREATE INDEX pools_of_orders ON pools (organization_id, product_id) WHERE order_id IS NOT NULL AND active;

-- Which grace periods are there? Asked with every look for lapsed invitations.
CREATE INDEX organizations_graces ON organizations (expired_invitation_grace)
  WHERE expired_invitation_grace > 0;
