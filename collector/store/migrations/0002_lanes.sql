-- Which receiver a message waits for, so that one that hangs holds up no other: `email`, or `webhook NAME`.

ALTER TABLE outbox ADD COLUMN lane TEXT NOT NULL DEFAULT '';
UPDATE outbox SET lane = channel;
CREATE INDEX outbox_lane ON outbox (provider_id, state, lane, due_at);
DROP INDEX outbox_due;
