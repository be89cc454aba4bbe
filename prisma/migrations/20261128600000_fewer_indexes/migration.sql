SET lock_timeout = '5s';

-- Every index of seats and members costs each assignment a write. Here some indexes answer what two
-- answered before, and others leave out the rows and the columns that no question needs.
--
-- members_email, members_by_email, customers_email and seats_one_per_email stay for processes of the
-- previous release, which compare lower(email). The next release drops them.

-- A list of a pool's seats reads this one. Its queries name the tenant as well.
-- CreateIndex
CREATE INDEX "seats_pool_id_created_at_id_idx" ON "seats"("pool_id", "created_at", "id");

-- DropIndex
DROP INDEX "seats_organization_id_pool_id_created_at_id_idx";

-- DropIndex
DROP INDEX "seats_invitation_hash_key";

-- DropIndex
DROP INDEX "members_organization_id_external_id_idx";

-- DropIndex
DROP INDEX "members_organization_id_customer_id_created_at_id_idx";

-- By hand: what Prisma cannot say.
-- The seat of an invitation. Claimed and revoked seats have none.
CREATE UNIQUE INDEX seats_invitation_hash ON seats (invitation_hash) WHERE invitation_hash IS NOT NULL;

-- A person sits once in a pool; and which seats does a person have?
DROP INDEX seats_of_member, seats_one_per_member;
CREATE UNIQUE INDEX seats_one_per_member ON seats (organization_id, member_id, pool_id)
  WHERE status <> 'revoked';

DROP INDEX seats_of_customer;
CREATE INDEX seats_of_customer ON seats (organization_id, customer_id, pool_id)
  WHERE status <> 'revoked';

-- With text_pattern_ops, the portal's search finds the beginning of an e-mail.
DROP INDEX seats_email_keys;
CREATE UNIQUE INDEX seats_email_keys ON seats (organization_id, pool_id, email_key(email) text_pattern_ops)
  WHERE status <> 'revoked';

-- The member of a buyer with an e-mail or an external id; and the people of all buyers with it.
DROP INDEX members_by_email_keys, members_email_keys;
CREATE UNIQUE INDEX members_email_keys
  ON members (organization_id, email_key(email) text_pattern_ops, customer_id)
  WHERE deleted_at IS NULL;

DROP INDEX members_external_id;
CREATE UNIQUE INDEX members_external_id ON members (organization_id, external_id, customer_id)
  WHERE deleted_at IS NULL AND external_id IS NOT NULL;

-- The lists of members, newest first, and their counts.
CREATE INDEX members_of_customer ON members (organization_id, customer_id, created_at)
  WHERE deleted_at IS NULL;
CREATE INDEX members_newest ON members (organization_id, created_at) WHERE deleted_at IS NULL;

-- The portal's search finds the beginning of a name.
CREATE INDEX members_by_name ON members (organization_id, customer_id, lower(name) text_pattern_ops)
  WHERE deleted_at IS NULL AND name IS NOT NULL;
