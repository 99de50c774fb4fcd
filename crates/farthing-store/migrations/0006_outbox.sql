-- What is told to the cloud and to people: written with its effect, sent after it.

-- Where webhooks go. types: which events, as names with spaces between; empty: all. old_secret: one that was rotated, which still signs
-- until old_until. disabled: why nothing is sent; empty: it is.
CREATE TABLE endpoint (
    id          BYTEA NOT NULL PRIMARY KEY,
    cloud       TEXT NOT NULL,
    url         TEXT NOT NULL,
    description TEXT NOT NULL,
    types       TEXT NOT NULL,
    secret      TEXT NOT NULL,
    old_secret  TEXT,
    old_until   BIGINT,
    disabled    TEXT NOT NULL,
    created     BIGINT NOT NULL
) {keyed};

CREATE INDEX endpoint_by_cloud ON endpoint (cloud, id);

-- number: by time, and for one lane in the order of what happened. id: what the receiver knows it by. account: 0 where it is of none.
CREATE TABLE message (
    number  BIGINT NOT NULL PRIMARY KEY,
    id      BYTEA NOT NULL,
    cloud   TEXT NOT NULL,
    type    TEXT NOT NULL,
    at      BIGINT NOT NULL,
    account BIGINT NOT NULL,
    lane    BIGINT NOT NULL,
    data    TEXT NOT NULL
) {rows};

CREATE UNIQUE INDEX message_by_id ON message (id);
CREATE INDEX message_by_cloud ON message (cloud, number);
CREATE INDEX message_by_lane ON message (lane, number);
CREATE INDEX message_by_account ON message (account, number) WHERE account <> 0;

-- One message to one endpoint; endpoint of zeros: by mail. state: 0 waiting, 1 delivered, 2 dead. next_at: when it is tried; none where
-- it is not: it is done, or an earlier one of its lane waits. Who tries it moves next_at on first, so that it is tried again should
-- nobody come back, and attempts tell one try from the next. begun, tries: the first try and how many, since it was last sent by hand.
CREATE TABLE delivery (
    number   BIGINT NOT NULL PRIMARY KEY,
    cloud    TEXT NOT NULL,
    endpoint BYTEA NOT NULL,
    message  BIGINT NOT NULL,
    lane     BIGINT NOT NULL,
    state    BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    tries    BIGINT NOT NULL,
    begun    BIGINT,
    next_at  BIGINT,
    last_at  BIGINT,
    status   BIGINT,
    answer   TEXT NOT NULL
) {hot};

CREATE UNIQUE INDEX delivery_by_message ON delivery (message, endpoint);
CREATE INDEX delivery_by_cloud ON delivery (cloud, number);
CREATE INDEX delivery_by_endpoint ON delivery (endpoint, number);
CREATE INDEX delivery_ready ON delivery (endpoint, next_at, number) WHERE next_at IS NOT NULL;
CREATE INDEX delivery_lane ON delivery (endpoint, lane, number) WHERE state = 0;

-- How far something has been told that is found by looking: authorisations that ended, by their end and id.
CREATE TABLE told_until (
    what TEXT NOT NULL PRIMARY KEY,
    at   BIGINT NOT NULL,
    id   BYTEA NOT NULL
) {hot};

CREATE INDEX hold_expired ON hold (expires_at, id) WHERE state = 3;
