-- Since when somebody takes steps again, after a while in which nobody did; null: there was none.
ALTER TABLE steps_seen ADD COLUMN back BIGINT;
