-- Usage events: the raw store, the index of their identities, and the list of those that were refused.

-- Sources are spread over stripes. Who takes events of a stripe locks its row first and counts it up, so what was taken before
-- is committed and can be found, by number, from where the last look ended. (Where one connection writes, stripe 0 is all.)
CREATE TABLE usage_stripe (
    stripe BIGINT NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL
) {hot};

INSERT INTO usage_stripe (stripe, number) VALUES
    (0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0), (9, 0), (10, 0), (11, 0), (12, 0), (13, 0), (14,
    0), (15, 0), (16, 0), (17, 0), (18, 0), (19, 0), (20, 0), (21, 0), (22, 0), (23, 0), (24, 0), (25, 0), (26, 0), (27, 0),
    (28, 0), (29, 0), (30, 0), (31, 0), (32, 0), (33, 0), (34, 0), (35, 0), (36, 0), (37, 0), (38, 0), (39, 0), (40, 0),
    (41, 0), (42, 0), (43, 0), (44, 0), (45, 0), (46, 0), (47, 0), (48, 0), (49, 0), (50, 0), (51, 0), (52, 0), (53, 0),
    (54, 0), (55, 0), (56, 0), (57, 0), (58, 0), (59, 0), (60, 0), (61, 0), (62, 0), (63, 0);

-- Ten seconds of one cloud's arrivals, or less: a bucket that holds some thousands takes no more, so that what comes later is
-- appended behind it. Its number is the microsecond at which the ten seconds begin, plus which of their buckets it is.
-- forgotten: its ids are no longer in usage_seen.
CREATE TABLE usage_bucket (
    bucket    BIGINT NOT NULL PRIMARY KEY,
    cloud     TEXT NOT NULL,
    events    BIGINT NOT NULL,
    parts     BIGINT NOT NULL,
    forgotten BOOLEAN NOT NULL
) {rows};

CREATE INDEX usage_bucket_known ON usage_bucket (cloud, bucket) WHERE NOT forgotten;

-- Everything that came, but for duplicates. account: 0 where it is not known; state: 0 booked, or why it was not.
CREATE TABLE usage_event (
    bucket   BIGINT NOT NULL,
    account  BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    arrived  BIGINT NOT NULL,
    state    BIGINT NOT NULL,
    seal     BIGINT NOT NULL,
    event    TEXT NOT NULL,
    PRIMARY KEY (bucket, account, sequence)
) {keyed};

-- The ids that were used up, some hundred a row: each 16 bytes of hash and 8 of digest, in order of hash. A row for each would
-- cost as much again as the events themselves. number, stripes: as above. seal: of all of the row.
-- made_least, made_most: the times that ids of this row begin with, where any do.
CREATE TABLE usage_seen (
    bucket     BIGINT NOT NULL,
    part       BIGINT NOT NULL,
    number     BIGINT NOT NULL,
    stripes    BIGINT NOT NULL,
    made_least BIGINT,
    made_most  BIGINT,
    seal       BIGINT NOT NULL,
    ids        BYTEA NOT NULL,
    PRIMARY KEY (bucket, part)
) {keyed};

CREATE INDEX usage_seen_by_number ON usage_seen (number);

CREATE TABLE usage_refused (
    cloud    TEXT NOT NULL,
    arrived  BIGINT NOT NULL,
    bucket   BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    account  BIGINT NOT NULL,
    reason   BIGINT NOT NULL,
    PRIMARY KEY (cloud, arrived, bucket, sequence)
) {keyed};
