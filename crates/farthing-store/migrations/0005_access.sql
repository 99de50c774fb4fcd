-- Who may ask, what was answered, who changed what, and who works.

-- Of a key only a hash of its secret. old_hash: a rotated key's secret, good until old_until.
CREATE TABLE api_key (
    id         BYTEA NOT NULL PRIMARY KEY,
    cloud      TEXT NOT NULL,
    name       TEXT NOT NULL,
    test       BOOLEAN NOT NULL,
    scopes     BIGINT NOT NULL,
    per_second BIGINT NOT NULL,
    hash       BYTEA NOT NULL,
    old_hash   BYTEA,
    old_until  BIGINT,
    created    BIGINT NOT NULL,
    expires    BIGINT,
    revoked    BIGINT,
    last_used  BIGINT
) {keyed};

CREATE INDEX api_key_by_cloud ON api_key (cloud, id);

-- What a request with an Idempotency-Key was answered, written with its effect. digest: of what was asked.
CREATE TABLE answer (
    cloud    TEXT NOT NULL,
    once_key TEXT NOT NULL,
    digest   BYTEA NOT NULL,
    answer   TEXT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (cloud, once_key)
) {keyed};

CREATE INDEX answer_by_time ON answer (at);

-- The audit log: appended, chained by digest.
CREATE TABLE trail (
    cloud   TEXT NOT NULL,
    number  BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    who     TEXT NOT NULL,
    source  TEXT NOT NULL,
    what    TEXT NOT NULL,
    subject TEXT NOT NULL,
    was     TEXT NOT NULL,
    became  TEXT NOT NULL,
    digest  BYTEA NOT NULL,
    seal    BIGINT NOT NULL,
    PRIMARY KEY (cloud, number)
) {keyed};

CREATE TABLE trail_head (
    cloud  TEXT NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL,
    digest BYTEA NOT NULL
) {hot};

-- Who does a job that only one may do at a time. fence: grows with every taking over.
CREATE TABLE lease (
    job    TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    fence  BIGINT NOT NULL,
    until  BIGINT NOT NULL
) {hot};

-- The clock of a test cloud's store, one row; none where time is the real one.
CREATE TABLE simulated_clock (
    id BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL
) {hot};

-- Whom to write to. All that is known of a person: it can be erased, and nothing else depends on it.
CREATE TABLE contact (
    account  BIGINT NOT NULL PRIMARY KEY,
    name     TEXT NOT NULL,
    email    TEXT NOT NULL,
    language TEXT NOT NULL
) {hot};
