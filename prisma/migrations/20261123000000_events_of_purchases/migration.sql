SET lock_timeout = '5s';

-- By hand: what Prisma cannot say.
-- The events of one purchase, in the order of the stream; few, where a tenant may have millions.
CREATE INDEX events_of_subscription ON events (subscription_id, xact, position) WHERE subscription_id IS NOT NULL;
CREATE INDEX events_of_order ON events (order_id, xact, position) WHERE order_id IS NOT NULL;
