SET lock_timeout = '5s';

-- CreateTable
CREATE TABLE "outbox" (
    "position" BIGINT NOT NULL,
    "event_id" UUID NOT NULL,
    "numbered" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("numbered","position")
);

-- CreateTable
CREATE TABLE "event_stream" (
    "sequence" BIGINT NOT NULL,
    "organization_id" UUID NOT NULL,
    "event_id" UUID NOT NULL,
    "type" TEXT NOT NULL,
    "seat_id" UUID,
    "subscription_id" UUID,
    "order_id" UUID,

    CONSTRAINT "event_stream_pkey" PRIMARY KEY ("organization_id","sequence")
);

-- CreateTable
CREATE TABLE "event_carry_over" (
    "last_sequence" BIGINT NOT NULL,
    "organization_id" UUID NOT NULL,
    "sequence" BIGINT NOT NULL,

    CONSTRAINT "event_carry_over_pkey" PRIMARY KEY ("last_sequence")
);

-- By hand: what Prisma cannot say.
-- The events of one seat or one purchase from a number on; few, where a tenant may have millions.
CREATE INDEX event_stream_of_seat ON event_stream (seat_id, sequence) WHERE seat_id IS NOT NULL;
CREATE INDEX event_stream_of_subscription ON event_stream (subscription_id, sequence)
  WHERE subscription_id IS NOT NULL;
CREATE INDEX event_stream_of_order ON event_stream (order_id, sequence) WHERE order_id IS NOT NULL;

-- Its rows live for a moment, so what matters is the number of dead rows, not their share.
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
  autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 5000);

-- Both releases take their numbers from this sequence.
ALTER SEQUENCE events_numbers OWNED BY event_stream.sequence;

-- A trigger, because the previous release writes events without knowing the outbox. It has the rights
-- of its owner, because the user of the previous release may have no right to a new table.
CREATE FUNCTION events_into_outbox() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  INSERT INTO public.outbox (position, event_id) SELECT position, id FROM new_events;
  RETURN NULL;
END
$$;
CREATE TRIGGER events_into_outbox AFTER INSERT ON events REFERENCING NEW TABLE AS new_events
  FOR EACH STATEMENT EXECUTE FUNCTION events_into_outbox();
