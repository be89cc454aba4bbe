SET lock_timeout = '5s';

-- The events from before the trigger. Writers of events do not wait for this migration.

-- Processes of the previous release that number events try to take this lock, and go on without it.
-- So the numbers up to last_sequence belong to a set of events that does not change any more.
SELECT pg_advisory_xact_lock(hashtextextended('["event numbers"]', 0));

-- A worker carries these over into event_stream, in small steps.
INSERT INTO event_carry_over (last_sequence, organization_id, sequence)
SELECT last_value, '00000000-0000-0000-0000-000000000000', 0 FROM events_numbers
WHERE EXISTS (SELECT FROM events WHERE sequence IS NOT NULL);

-- Events that were written after the trigger was created, and that the previous release has numbered
-- since.
UPDATE outbox SET numbered = true FROM events
WHERE events.id = outbox.event_id AND events.sequence IS NOT NULL;

-- Events that have no number yet, and those that have one and are not dispatched yet.
INSERT INTO outbox (position, event_id) SELECT position, id FROM events WHERE sequence IS NULL
ON CONFLICT DO NOTHING;
INSERT INTO outbox (position, event_id, numbered)
SELECT position, id, true FROM events WHERE dispatched_at IS NULL AND sequence IS NOT NULL
ON CONFLICT DO NOTHING;
