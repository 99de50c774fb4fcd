-- Exports: jobs that write files, and the links by which those are fetched.

-- An account's charges in the order of sealing, and one by its number: what explains an amount and what is exported reads them so.
CREATE INDEX charge_chained ON charge (account, chained);

-- Working state. account: 0, of the whole cloud. asked: which rows, as JSON. mail: its account is written to when it is ready.
-- state: waiting (for a worker, or one works on it), ready, failed, expired. next_at: when a worker may take it: a claim moves it on, and
-- each step again, so that whoever dies lets it run out; none: nobody does. attempt: which claim, so that what two write of one job are
-- two files, and only the last one's counts. Times but made are the real clock's: a test cloud's stands.
CREATE TABLE export_job (
    id        BYTEA NOT NULL PRIMARY KEY,
    cloud     TEXT NOT NULL,
    account   BIGINT NOT NULL,
    what      TEXT NOT NULL,
    format    TEXT NOT NULL,
    asked     TEXT NOT NULL,
    mail      BOOLEAN NOT NULL,
    who       TEXT NOT NULL,
    made      BIGINT NOT NULL,
    state     TEXT NOT NULL,
    attempt   BIGINT NOT NULL,
    next_at   BIGINT,
    done      BIGINT NOT NULL,
    most      BIGINT NOT NULL,
    rows      BIGINT NOT NULL,
    bytes     BIGINT NOT NULL,
    digest    TEXT NOT NULL,
    why       TEXT NOT NULL,
    ended     BIGINT,
    expires   BIGINT
) {hot};

CREATE INDEX export_job_of_cloud ON export_job (cloud, id);
CREATE INDEX export_job_next ON export_job (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX export_job_expires ON export_job (expires) WHERE expires IS NOT NULL;

-- What opens a file, by the hash of its secret.
CREATE TABLE export_link (
    id      BYTEA NOT NULL PRIMARY KEY,
    job     BYTEA NOT NULL,
    cloud   TEXT NOT NULL,
    hash    BYTEA NOT NULL,
    made    BIGINT NOT NULL,
    expires BIGINT NOT NULL
) {hot};

CREATE INDEX export_link_of_job ON export_link (job);
