-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "organizations" (
    "id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "modified_at" TIMESTAMPTZ(3),
    "slug" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "seats_enabled" BOOLEAN NOT NULL DEFAULT true,
    "member_model_enabled" BOOLEAN NOT NULL DEFAULT true,
    "invitation_expires_in" INTEGER NOT NULL DEFAULT 86400,
    "expired_invitation_grace" INTEGER DEFAULT 0,
    "claim_url_template" TEXT,
    "reply_to" TEXT,
    "brand" JSONB NOT NULL DEFAULT '{}',
    "locale" TEXT NOT NULL DEFAULT 'en',

    CONSTRAINT "organizations_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "access_tokens" (
    "organization_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "name" TEXT NOT NULL,
    "token_hash" TEXT NOT NULL,
    "scopes" TEXT[],
    "expires_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "access_tokens_pkey" PRIMARY KEY ("organization_id","id")
);

-- CreateTable
CREATE TABLE "products" (
    "organization_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "modified_at" TIMESTAMPTZ(3),
    "deleted_at" TIMESTAMPTZ(3),
    "name" TEXT NOT NULL,
    "external_id" TEXT,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "is_archived" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "products_pkey" PRIMARY KEY ("organization_id","id")
);

-- CreateTable
CREATE TABLE "customers" (
    "organization_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "modified_at" TIMESTAMPTZ(3),
    "deleted_at" TIMESTAMPTZ(3),
    "email" TEXT,
    "name" TEXT,
    "external_id" TEXT,
    "type" TEXT NOT NULL DEFAULT 'individual',
    "metadata" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "customers_pkey" PRIMARY KEY ("organization_id","id")
);

-- CreateTable
CREATE TABLE "members" (
    "organization_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "modified_at" TIMESTAMPTZ(3),
    "deleted_at" TIMESTAMPTZ(3),
    "customer_id" UUID NOT NULL,
    "email" TEXT NOT NULL,
    "name" TEXT,
    "external_id" TEXT,
    "role" TEXT NOT NULL DEFAULT 'member',

    CONSTRAINT "members_pkey" PRIMARY KEY ("organization_id","id")
);

-- CreateTable
CREATE TABLE "checkouts" (
    "organization_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "modified_at" TIMESTAMPTZ(3),
    "external_id" TEXT,
    "product_id" UUID NOT NULL,
    "customer_id" UUID,
    "seats" INTEGER,
    "status" TEXT NOT NULL DEFAULT 'open',
    "client_secret_hash" TEXT NOT NULL,
    "created_by" UUID,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "checkouts_pkey" PRIMARY KEY ("organization_id","id")
);

-- CreateTable
CREATE TABLE "subscriptions" (
    "organization_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "modified_at" TIMESTAMPTZ(3),
    "external_id" TEXT,
    "product_id" UUID NOT NULL,
    "customer_id" UUID NOT NULL,
    "checkout_id" UUID,
    "status" TEXT NOT NULL DEFAULT 'active',
    "current_period_end" TIMESTAMPTZ(3),
    "cancel_at_period_end" BOOLEAN NOT NULL DEFAULT false,
    "canceled_at" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),
    "metadata" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "subscriptions_pkey" PRIMARY KEY ("organization_id","id")
);

-- CreateTable
CREATE TABLE "orders" (
    "organization_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "modified_at" TIMESTAMPTZ(3),
    "external_id" TEXT,
    "product_id" UUID NOT NULL,
    "customer_id" UUID NOT NULL,
    "checkout_id" UUID,
    "status" TEXT NOT NULL DEFAULT 'paid',
    "metadata" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "orders_pkey" PRIMARY KEY ("organization_id","id")
);

-- CreateTable
CREATE TABLE "pools" (
    "organization_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "subscription_id" UUID,
    "order_id" UUID,
    "product_id" UUID NOT NULL,
    "customer_id" UUID NOT NULL,
    "capacity" INTEGER NOT NULL,
    "taken" INTEGER NOT NULL DEFAULT 0,
    "active" BOOLEAN NOT NULL,

    CONSTRAINT "pools_pkey" PRIMARY KEY ("organization_id","id")
);

-- CreateTable
CREATE TABLE "seats" (
    "organization_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "modified_at" TIMESTAMPTZ(3),
    "pool_id" UUID NOT NULL,
    "status" TEXT NOT NULL,
    "customer_id" UUID,
    "member_id" UUID,
    "email" TEXT,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "invitation_nonce" TEXT,
    "invitation_hash" TEXT,
    "invitation_expires_at" TIMESTAMPTZ(3),
    "resent_at" TIMESTAMPTZ(3),
    "claimed_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "seats_pkey" PRIMARY KEY ("organization_id","id")
);

-- CreateTable
CREATE TABLE "events" (
    "id" UUID NOT NULL,
    "position" BIGSERIAL NOT NULL,
    "xact" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "organization_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "type" TEXT NOT NULL,
    "actor_type" TEXT NOT NULL,
    "actor_id" TEXT,
    "request_id" TEXT,
    "reason" TEXT,
    "replaced_by" UUID,
    "pool_id" UUID,
    "seat_id" UUID,
    "subscription_id" UUID,
    "order_id" UUID,
    "invites" BOOLEAN NOT NULL DEFAULT false,
    "data" JSONB NOT NULL,
    "dispatched_at" TIMESTAMPTZ(3),

    CONSTRAINT "events_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "effects" (
    "event_id" UUID NOT NULL,
    "effect" TEXT NOT NULL,
    "enqueued_at" TIMESTAMPTZ(3) NOT NULL,
    "done_at" TIMESTAMPTZ(3),
    "outcome" TEXT,

    CONSTRAINT "effects_pkey" PRIMARY KEY ("event_id","effect")
);

-- CreateTable
CREATE TABLE "customer_sessions" (
    "organization_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "customer_id" UUID NOT NULL,
    "member_id" UUID,
    "token_hash" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "customer_sessions_pkey" PRIMARY KEY ("organization_id","id")
);

-- CreateIndex
CREATE UNIQUE INDEX "organizations_slug_key" ON "organizations"("slug");

-- CreateIndex
CREATE UNIQUE INDEX "access_tokens_token_hash_key" ON "access_tokens"("token_hash");

-- CreateIndex
CREATE INDEX "products_organization_id_created_at_id_idx" ON "products"("organization_id", "created_at" DESC, "id");

-- CreateIndex
CREATE INDEX "customers_organization_id_created_at_id_idx" ON "customers"("organization_id", "created_at" DESC, "id");

-- CreateIndex
CREATE INDEX "members_organization_id_customer_id_created_at_id_idx" ON "members"("organization_id", "customer_id", "created_at" DESC, "id");

-- CreateIndex
CREATE INDEX "checkouts_organization_id_created_at_id_idx" ON "checkouts"("organization_id", "created_at" DESC, "id");

-- CreateIndex
CREATE INDEX "subscriptions_organization_id_created_at_id_idx" ON "subscriptions"("organization_id", "created_at" DESC, "id");

-- CreateIndex
CREATE INDEX "subscriptions_organization_id_customer_id_idx" ON "subscriptions"("organization_id", "customer_id");

-- CreateIndex
CREATE INDEX "subscriptions_organization_id_checkout_id_idx" ON "subscriptions"("organization_id", "checkout_id");

-- CreateIndex
CREATE INDEX "orders_organization_id_created_at_id_idx" ON "orders"("organization_id", "created_at" DESC, "id");

-- CreateIndex
CREATE INDEX "orders_organization_id_customer_id_idx" ON "orders"("organization_id", "customer_id");

-- CreateIndex
CREATE INDEX "orders_organization_id_checkout_id_idx" ON "orders"("organization_id", "checkout_id");

-- CreateIndex
CREATE UNIQUE INDEX "pools_organization_id_subscription_id_key" ON "pools"("organization_id", "subscription_id");

-- CreateIndex
CREATE UNIQUE INDEX "pools_organization_id_order_id_key" ON "pools"("organization_id", "order_id");

-- CreateIndex
CREATE UNIQUE INDEX "seats_invitation_hash_key" ON "seats"("invitation_hash");

-- CreateIndex
CREATE INDEX "seats_organization_id_pool_id_created_at_id_idx" ON "seats"("organization_id", "pool_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "events_organization_id_xact_position_idx" ON "events"("organization_id", "xact", "position");

-- CreateIndex
CREATE INDEX "events_seat_id_position_idx" ON "events"("seat_id", "position");

-- CreateIndex
CREATE UNIQUE INDEX "customer_sessions_token_hash_key" ON "customer_sessions"("token_hash");

-- CreateIndex
CREATE INDEX "customer_sessions_expires_at_idx" ON "customer_sessions"("expires_at");

-- AddForeignKey
ALTER TABLE "access_tokens" ADD CONSTRAINT "access_tokens_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "products" ADD CONSTRAINT "products_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "customers" ADD CONSTRAINT "customers_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "members" ADD CONSTRAINT "members_organization_id_customer_id_fkey" FOREIGN KEY ("organization_id", "customer_id") REFERENCES "customers"("organization_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "checkouts" ADD CONSTRAINT "checkouts_organization_id_product_id_fkey" FOREIGN KEY ("organization_id", "product_id") REFERENCES "products"("organization_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "checkouts" ADD CONSTRAINT "checkouts_organization_id_customer_id_fkey" FOREIGN KEY ("organization_id", "customer_id") REFERENCES "customers"("organization_id", "id") ON DELETE NO ACTION ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "subscriptions" ADD CONSTRAINT "subscriptions_organization_id_product_id_fkey" FOREIGN KEY ("organization_id", "product_id") REFERENCES "products"("organization_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "subscriptions" ADD CONSTRAINT "subscriptions_organization_id_customer_id_fkey" FOREIGN KEY ("organization_id", "customer_id") REFERENCES "customers"("organization_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "subscriptions" ADD CONSTRAINT "subscriptions_organization_id_checkout_id_fkey" FOREIGN KEY ("organization_id", "checkout_id") REFERENCES "checkouts"("organization_id", "id") ON DELETE NO ACTION ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "orders" ADD CONSTRAINT "orders_organization_id_product_id_fkey" FOREIGN KEY ("organization_id", "product_id") REFERENCES "products"("organization_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "orders" ADD CONSTRAINT "orders_organization_id_customer_id_fkey" FOREIGN KEY ("organization_id", "customer_id") REFERENCES "customers"("organization_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "orders" ADD CONSTRAINT "orders_organization_id_checkout_id_fkey" FOREIGN KEY ("organization_id", "checkout_id") REFERENCES "checkouts"("organization_id", "id") ON DELETE NO ACTION ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "pools" ADD CONSTRAINT "pools_organization_id_product_id_fkey" FOREIGN KEY ("organization_id", "product_id") REFERENCES "products"("organization_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "pools" ADD CONSTRAINT "pools_organization_id_customer_id_fkey" FOREIGN KEY ("organization_id", "customer_id") REFERENCES "customers"("organization_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "pools" ADD CONSTRAINT "pools_organization_id_subscription_id_fkey" FOREIGN KEY ("organization_id", "subscription_id") REFERENCES "subscriptions"("organization_id", "id") ON DELETE NO ACTION ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "pools" ADD CONSTRAINT "pools_organization_id_order_id_fkey" FOREIGN KEY ("organization_id", "order_id") REFERENCES "orders"("organization_id", "id") ON DELETE NO ACTION ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "seats" ADD CONSTRAINT "seats_organization_id_pool_id_fkey" FOREIGN KEY ("organization_id", "pool_id") REFERENCES "pools"("organization_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "seats" ADD CONSTRAINT "seats_organization_id_customer_id_fkey" FOREIGN KEY ("organization_id", "customer_id") REFERENCES "customers"("organization_id", "id") ON DELETE NO ACTION ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "seats" ADD CONSTRAINT "seats_organization_id_member_id_fkey" FOREIGN KEY ("organization_id", "member_id") REFERENCES "members"("organization_id", "id") ON DELETE NO ACTION ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "effects" ADD CONSTRAINT "effects_event_id_fkey" FOREIGN KEY ("event_id") REFERENCES "events"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "customer_sessions" ADD CONSTRAINT "customer_sessions_organization_id_customer_id_fkey" FOREIGN KEY ("organization_id", "customer_id") REFERENCES "customers"("organization_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "customer_sessions" ADD CONSTRAINT "customer_sessions_organization_id_member_id_fkey" FOREIGN KEY ("organization_id", "member_id") REFERENCES "members"("organization_id", "id") ON DELETE NO ACTION ON UPDATE CASCADE;

-- By hand: what Prisma cannot say.
SET lock_timeout = '5s';

-- What a column may hold.
ALTER TABLE organizations
  ADD CONSTRAINT organizations_invitation_expires_in CHECK (invitation_expires_in BETWEEN 60 AND 31536000),
  ADD CONSTRAINT organizations_grace CHECK (expired_invitation_grace >= 0);
ALTER TABLE products
  ADD CONSTRAINT products_metadata CHECK (jsonb_typeof(metadata) = 'object');
ALTER TABLE customers
  ADD CONSTRAINT customers_type CHECK (type IN ('individual', 'team')),
  ADD CONSTRAINT customers_metadata CHECK (jsonb_typeof(metadata) = 'object');
ALTER TABLE members
  ADD CONSTRAINT members_role CHECK (role IN ('owner', 'billing_manager', 'member'));
ALTER TABLE checkouts
  ADD CONSTRAINT checkouts_status CHECK (status IN ('open', 'confirmed', 'succeeded', 'failed', 'expired'));
ALTER TABLE subscriptions
  ADD CONSTRAINT subscriptions_status CHECK (status IN ('incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due', 'canceled', 'unpaid')),
  ADD CONSTRAINT subscriptions_metadata CHECK (jsonb_typeof(metadata) = 'object'),
  ADD CONSTRAINT subscriptions_period CHECK (NOT cancel_at_period_end OR current_period_end IS NOT NULL);
ALTER TABLE orders
  ADD CONSTRAINT orders_status CHECK (status IN ('pending', 'paid', 'refunded', 'partially_refunded', 'void')),
  ADD CONSTRAINT orders_metadata CHECK (jsonb_typeof(metadata) = 'object');
ALTER TABLE pools
  ADD CONSTRAINT pools_one_container CHECK (num_nonnulls(subscription_id, order_id) = 1),
  ADD CONSTRAINT pools_capacity_positive CHECK (capacity >= 1),
  ADD CONSTRAINT pools_taken_positive CHECK (taken >= 0);
ALTER TABLE events
  ADD CONSTRAINT events_actor CHECK (actor_type IN ('token', 'session', 'invitation', 'system'));

-- A seat is in exactly one of three states, and each state has exactly its own columns.
ALTER TABLE seats
  ADD CONSTRAINT seats_metadata CHECK (jsonb_typeof(metadata) = 'object'),
  ADD CONSTRAINT seats_state CHECK (CASE status
    WHEN 'pending' THEN
      num_nulls(customer_id, member_id, email, invitation_nonce, invitation_hash, invitation_expires_at) = 0
      AND num_nonnulls(claimed_at, revoked_at) = 0
    WHEN 'claimed' THEN
      num_nulls(customer_id, member_id, email, claimed_at) = 0
      AND num_nonnulls(invitation_nonce, invitation_hash, invitation_expires_at, revoked_at) = 0
    WHEN 'revoked' THEN
      revoked_at IS NOT NULL
      AND num_nonnulls(customer_id, member_id, email, invitation_nonce, invitation_hash, invitation_expires_at) = 0
    ELSE false
  END);

-- A person sits once in a pool.
CREATE UNIQUE INDEX seats_one_per_member ON seats (organization_id, pool_id, member_id) WHERE status <> 'revoked';
CREATE UNIQUE INDEX seats_one_per_email ON seats (organization_id, pool_id, lower(email)) WHERE status <> 'revoked';
-- Whose seats are these? (access, deletion of a person)
CREATE INDEX seats_of_member ON seats (organization_id, member_id) WHERE status <> 'revoked';
CREATE INDEX seats_of_customer ON seats (organization_id, customer_id) WHERE status <> 'revoked';
-- Which invitations have lapsed?
CREATE INDEX seats_expiring ON seats (invitation_expires_at) WHERE status = 'pending';

-- One object per e-mail and per external id; a deleted one does not count.
CREATE UNIQUE INDEX products_external_id ON products (organization_id, external_id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX customers_email ON customers (organization_id, lower(email)) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX customers_external_id ON customers (organization_id, external_id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX members_email ON members (organization_id, customer_id, lower(email)) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX members_external_id ON members (organization_id, customer_id, external_id) WHERE deleted_at IS NULL;
CREATE INDEX members_by_email ON members (organization_id, lower(email)) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX checkouts_external_id ON checkouts (organization_id, external_id);
CREATE UNIQUE INDEX subscriptions_external_id ON subscriptions (organization_id, external_id);
CREATE UNIQUE INDEX orders_external_id ON orders (organization_id, external_id);

-- The outbox: what the relay has not handed on, in order; and the effects still open.
CREATE INDEX events_outbox ON events (position) WHERE dispatched_at IS NULL;
CREATE INDEX effects_open ON effects (enqueued_at) WHERE done_at IS NULL;
-- At most one seats.exhausted a minute per pool.
CREATE INDEX events_exhausted ON events (pool_id, created_at) WHERE type = 'seats.exhausted';

-- The rule that must hold. pools.taken is the number of pending and claimed seats of the pool:
-- this trigger keeps it, nothing else may, and it refuses the seat that would be one too many,
-- whoever inserts it. A statement of many seats counts once per pool; pools are locked in the
-- order of their ids, so that two such statements cannot wait for each other.
CREATE FUNCTION seats_keep_taken() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  change record;
BEGIN
  IF TG_OP = 'INSERT' THEN
    FOR change IN
      SELECT organization_id, pool_id, count(*)::int AS n FROM new_seats
      WHERE status <> 'revoked' GROUP BY 1, 2 ORDER BY 1, 2
    LOOP
      PERFORM pools_take(change.organization_id, change.pool_id, change.n);
    END LOOP;
  ELSIF TG_OP = 'DELETE' THEN
    FOR change IN
      SELECT organization_id, pool_id, count(*)::int AS n FROM old_seats
      WHERE status <> 'revoked' GROUP BY 1, 2 ORDER BY 1, 2
    LOOP
      PERFORM pools_take(change.organization_id, change.pool_id, -change.n);
    END LOOP;
  ELSE
    FOR change IN
      SELECT organization_id, pool_id, sum(n)::int AS n FROM (
        SELECT organization_id, pool_id, 1 AS n FROM new_seats WHERE status <> 'revoked'
        UNION ALL
        SELECT organization_id, pool_id, -1 FROM old_seats WHERE status <> 'revoked'
      ) AS moves GROUP BY 1, 2 HAVING sum(n) <> 0 ORDER BY 1, 2
    LOOP
      PERFORM pools_take(change.organization_id, change.pool_id, change.n);
    END LOOP;
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION pools_take(tenant uuid, pool uuid, n int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE pools SET taken = taken + n
  WHERE organization_id = tenant AND id = pool AND (n < 0 OR taken + n <= capacity);
  IF NOT FOUND THEN
    RAISE EXCEPTION 'pool % has no place for % more', pool, n
      USING ERRCODE = 'check_violation', TABLE = 'pools', CONSTRAINT = 'pools_never_oversold';
  END IF;
END $$;

CREATE TRIGGER seats_keep_taken_insert AFTER INSERT ON seats
  REFERENCING NEW TABLE AS new_seats FOR EACH STATEMENT EXECUTE FUNCTION seats_keep_taken();
CREATE TRIGGER seats_keep_taken_update AFTER UPDATE ON seats
  REFERENCING OLD TABLE AS old_seats NEW TABLE AS new_seats FOR EACH STATEMENT EXECUTE FUNCTION seats_keep_taken();
CREATE TRIGGER seats_keep_taken_delete AFTER DELETE ON seats
  REFERENCING OLD TABLE AS old_seats FOR EACH STATEMENT EXECUTE FUNCTION seats_keep_taken();

CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME;
END $$;

-- Nobody writes the count by hand: at depth 0 it is not the trigger on seats that does it.
CREATE TRIGGER pools_taken_is_counted_insert BEFORE INSERT ON pools
  FOR EACH ROW WHEN (NEW.taken <> 0) EXECUTE FUNCTION refuse('pools.taken starts at 0');
CREATE TRIGGER pools_taken_is_counted_update BEFORE UPDATE OF taken ON pools
  FOR EACH ROW WHEN (pg_trigger_depth() = 0 AND NEW.taken IS DISTINCT FROM OLD.taken)
  EXECUTE FUNCTION refuse('pools.taken is kept by the trigger on seats');

-- A revoked seat is history: it is never turned into somebody else's.
CREATE TRIGGER seats_revoked_is_final BEFORE UPDATE OF status ON seats
  FOR EACH ROW WHEN (OLD.status = 'revoked' AND NEW.status <> 'revoked')
  EXECUTE FUNCTION refuse('a revoked seat stays revoked');
