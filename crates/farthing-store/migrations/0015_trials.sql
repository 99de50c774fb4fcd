-- What is limited and what is tried: spend limits, quotas and what raises them, trials.

-- How much an account (project 0) or a project of it may cost, in a calendar month and an hour; in units of its currency.
CREATE TABLE spend_limit (
    account BIGINT NOT NULL,
    project BIGINT NOT NULL,
    month   BIGINT,
    hour    BIGINT,
    seal    BIGINT NOT NULL,
    PRIMARY KEY (account, project)
) {keyed};

-- What was used of a quota in one window, in millionths. began: where the window begins. Working state: windows that are over go.
CREATE TABLE quota_use (
    account BIGINT NOT NULL,
    product TEXT NOT NULL,
    quota   TEXT NOT NULL,
    began   BIGINT NOT NULL,
    used    BIGINT NOT NULL,
    PRIMARY KEY (account, product, quota, began)
) {hot};

-- What was reserved of it, so that the same is reserved once, and given back once.
CREATE TABLE quota_reserved (
    account  BIGINT NOT NULL,
    name     TEXT NOT NULL,
    product  TEXT NOT NULL,
    quota    TEXT NOT NULL,
    began    BIGINT NOT NULL,
    amount   BIGINT NOT NULL,
    released BOOLEAN NOT NULL,
    PRIMARY KEY (account, name, quota)
) {keyed};

CREATE INDEX quota_reserved_by_window ON quota_reserved (account, began);

-- What raises a quota, and from when until when; ends is null while nobody knows. each: by how much one raises it, in millionths.
CREATE TABLE entitlement (
    account BIGINT NOT NULL,
    cause   TEXT NOT NULL,
    product TEXT NOT NULL,
    quota   TEXT NOT NULL,
    each    BIGINT NOT NULL,
    count   BIGINT NOT NULL,
    starts  BIGINT NOT NULL,
    ends    BIGINT,
    seal    BIGINT NOT NULL,
    PRIMARY KEY (account, cause, product, quota)
) {keyed};

-- One an account, ever. credit: what was given, in the lot of that name. fingerprint: of the card it was opened with, where that was not
-- kept. until: until when the payment after it is waited for, then when what was made in it is to be destroyed. next_at: when it is looked at
-- next by itself, working state.
CREATE TABLE trial (
    account     BIGINT NOT NULL PRIMARY KEY,
    cloud       TEXT NOT NULL,
    lot         TEXT NOT NULL,
    credit      BIGINT NOT NULL,
    fingerprint TEXT NOT NULL,
    state       TEXT NOT NULL,
    began       BIGINT NOT NULL,
    ends        BIGINT NOT NULL,
    ended       BIGINT,
    why         TEXT NOT NULL,
    notices     BIGINT NOT NULL,
    until       BIGINT,
    payment     BYTEA,
    next_at     BIGINT,
    seal        BIGINT NOT NULL
) {rows};

CREATE INDEX trial_next ON trial (next_at, account) WHERE next_at IS NOT NULL;
CREATE INDEX trial_by_card ON trial (fingerprint) WHERE fingerprint <> '';
CREATE INDEX method_by_card ON method (fingerprint) WHERE fingerprint <> '';
