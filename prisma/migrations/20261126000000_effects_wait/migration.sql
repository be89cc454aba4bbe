SET lock_timeout = '5s';

-- An effect is written when its event is dispatched, and waits here until the queue takes it.
ALTER TABLE effects ALTER COLUMN enqueued_at DROP NOT NULL;
