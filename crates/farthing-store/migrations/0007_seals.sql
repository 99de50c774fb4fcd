-- What was told is evidence: each message carries the seal of what it says. Those told before have none; upto: the last of them.
ALTER TABLE message ADD COLUMN seal BIGINT;

CREATE TABLE message_unsealed (
    upto BIGINT NOT NULL PRIMARY KEY
) {keyed};

INSERT INTO message_unsealed (upto) SELECT coalesce(max(number), 0) FROM message;
