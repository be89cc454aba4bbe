SET lock_timeout = '5s';

-- By hand: what Prisma cannot say.
-- Which subscriptions are to end with their period, and have not ended yet?
CREATE INDEX subscriptions_due ON subscriptions (current_period_end)
  WHERE cancel_at_period_end AND ended_at IS NULL;
