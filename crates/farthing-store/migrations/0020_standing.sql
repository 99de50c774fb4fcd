-- What stands between a low balance and a deleted disk: ladders, what the cloud is asked to do, and what keeps anything from being destroyed.

-- Working state, a row for each account that is in arrears or has to be looked at. cause is empty and since null until it was. dates: when each
-- step comes, as was announced. held: what keeps the next step from being taken; empty: nothing. next_at: when it is looked at next by itself.
CREATE TABLE ladder (
    account BIGINT NOT NULL PRIMARY KEY,
    cloud   TEXT NOT NULL,
    cause   TEXT NOT NULL,
    since   BIGINT,
    reached TEXT NOT NULL,
    dates   TEXT NOT NULL,
    held    TEXT NOT NULL,
    next_at BIGINT
) {rows};

CREATE INDEX ladder_next ON ladder (next_at, account) WHERE next_at IS NOT NULL;
CREATE INDEX ladder_cloud ON ladder (cloud, account);

-- That a step comes, said to an account: ahead seconds before it, by which message, and when a mail server took that. It goes with its ladder.
CREATE TABLE step_notice (
    account  BIGINT NOT NULL,
    rung     TEXT NOT NULL,
    ahead    BIGINT NOT NULL,
    told     BIGINT NOT NULL,
    message  BYTEA,
    accepted BIGINT,
    PRIMARY KEY (account, rung, ahead)
) {keyed};

CREATE INDEX step_notice_message ON step_notice (message) WHERE message IS NOT NULL;

-- Evidence: what the cloud was asked to do to a thing. fence: of one thing it only grows. claimed_until: a claim is good until then. ended:
-- when it was confirmed, or its reason ended. overdue_at: when an operator is told that the cloud has not answered.
CREATE TABLE instruction (
    id            BYTEA NOT NULL PRIMARY KEY,
    cloud         TEXT NOT NULL,
    account       BIGINT NOT NULL,
    thing         BIGINT NOT NULL,
    resource      TEXT NOT NULL,
    product       TEXT NOT NULL,
    deed          TEXT NOT NULL,
    rung          TEXT NOT NULL,
    fence         BIGINT NOT NULL,
    state         TEXT NOT NULL,
    asked         BIGINT NOT NULL,
    claimed_until BIGINT,
    ended         BIGINT,
    note          TEXT NOT NULL,
    overdue_at    BIGINT,
    seal          BIGINT NOT NULL
) {keyed};

CREATE UNIQUE INDEX instruction_fence ON instruction (thing, fence);
CREATE INDEX instruction_cloud ON instruction (cloud, id);
CREATE INDEX instruction_open ON instruction (account) WHERE ended IS NULL;
CREATE INDEX instruction_asked ON instruction (cloud, asked);
CREATE INDEX instruction_overdue ON instruction (overdue_at) WHERE overdue_at IS NOT NULL;

-- What an operator keeps from being deleted: an account, or a resource.
CREATE TABLE keep (
    cloud TEXT NOT NULL,
    what  TEXT NOT NULL,
    name  TEXT NOT NULL,
    who   TEXT NOT NULL,
    why   TEXT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (cloud, what, name)
) {keyed};

-- The brake of a cloud that has been on, and until when what it saw was looked at by somebody. braked is null while it is off.
CREATE TABLE brake (
    cloud    TEXT NOT NULL PRIMARY KEY,
    braked   BIGINT,
    why      TEXT NOT NULL,
    accepted BIGINT
) {keyed};

-- When whoever takes steps was last seen doing so, in one row: time in which nobody did counts for no ladder.
CREATE TABLE steps_seen (
    id INTEGER NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL
) {rows};
