SET lock_timeout = '5s';

-- AlterTable
ALTER TABLE "events" ADD COLUMN "sequence" BIGINT;

-- By hand: what Prisma cannot say.
-- Where the numbers come from. The highest number among the events would not do: it goes down when
-- events are forgotten, and who reads on behind a number would miss those that get it again.
CREATE SEQUENCE events_numbers OWNED BY events.sequence;

-- Every index of events costs each change of a seat, so each is here for one question, and none
-- but the first holds an event before it has its number.

-- Which events have no number yet, in order? Asked before every list.
CREATE INDEX events_unnumbered ON events (position) WHERE sequence IS NULL;
-- The stream of a tenant from a number on, and its oldest event; and no number twice. Partial also
-- for another reason: a whole unique index over the column would make a change of it wait for those
-- who write rows that refer to the event, and them for it.
CREATE UNIQUE INDEX events_stream ON events (organization_id, sequence) WHERE sequence IS NOT NULL;
-- The events of one purchase from a number on; few, where a tenant may have millions. Those of a
-- seat need none: they are so few that the index over its id serves, and they are sorted.
CREATE INDEX events_stream_of_subscription ON events (subscription_id, sequence)
  WHERE subscription_id IS NOT NULL AND sequence IS NOT NULL;
CREATE INDEX events_stream_of_order ON events (order_id, sequence)
  WHERE order_id IS NOT NULL AND sequence IS NOT NULL;
