-- Where credit comes from, grants that come again, coupons and who redeemed them.

-- Empty: given before this was kept.
ALTER TABLE lot ADD COLUMN source TEXT NOT NULL DEFAULT '';

-- When the next of an account's grants that come again is to be given.
ALTER TABLE account_state ADD COLUMN grant_at BIGINT;

-- A grant that comes again. every: a span; times: how often in all, none: for ever; rollover: what is carried on at most, none: nothing.
-- given: how many there were; next_at: when the next is, none: those were all.
CREATE TABLE recurring_grant (
    account  BIGINT NOT NULL,
    name     TEXT NOT NULL,
    amount   BIGINT NOT NULL,
    products TEXT NOT NULL,
    priority BIGINT NOT NULL,
    starts   BIGINT NOT NULL,
    every    TEXT NOT NULL,
    times    BIGINT,
    rollover BIGINT,
    reason   TEXT NOT NULL,
    given    BIGINT NOT NULL,
    next_at  BIGINT,
    seal     BIGINT NOT NULL,
    PRIMARY KEY (account, name)
) {keyed};

-- Coupons that no file says. Codes stand here and below in capitals: they are the same however they are typed.
CREATE TABLE coupon (
    cloud TEXT NOT NULL,
    code  TEXT NOT NULL,
    terms TEXT NOT NULL,
    made  BIGINT NOT NULL,
    seal  BIGINT NOT NULL,
    PRIMARY KEY (cloud, code)
) {keyed};

-- How often one was redeemed and not given back. period: since when; 0: in all. Whoever redeems it counts here first, under the row's lock.
CREATE TABLE coupon_count (
    cloud    TEXT NOT NULL,
    coupon   TEXT NOT NULL,
    period   BIGINT NOT NULL,
    redeemed BIGINT NOT NULL,
    PRIMARY KEY (cloud, coupon, period)
) {hot};

-- Codes that are good once.
CREATE TABLE coupon_code (
    cloud      TEXT NOT NULL,
    code       TEXT NOT NULL,
    coupon     TEXT NOT NULL,
    made       BIGINT NOT NULL,
    redemption BYTEA,
    PRIMARY KEY (cloud, code)
) {keyed};

CREATE INDEX coupon_code_of ON coupon_code (cloud, coupon, code);

-- terms: what the coupon said when it was redeemed. period: where it was counted besides. used: for how many bills or orders. for_order: whose
-- it is while it is reserved. fresh: it was redeemed for that order, and is given back with it.
CREATE TABLE redemption (
    id        BYTEA NOT NULL PRIMARY KEY,
    cloud     TEXT NOT NULL,
    account   BIGINT NOT NULL,
    coupon    TEXT NOT NULL,
    code      TEXT NOT NULL,
    terms     TEXT NOT NULL,
    at        BIGINT NOT NULL,
    period    BIGINT NOT NULL,
    state     TEXT NOT NULL,
    used      BIGINT NOT NULL,
    for_order TEXT NOT NULL,
    fresh     BOOLEAN NOT NULL,
    seal      BIGINT NOT NULL
) {keyed};

CREATE INDEX redemption_by_account ON redemption (account, id);
CREATE INDEX redemption_of_order ON redemption (cloud, for_order) WHERE for_order <> '';

-- What it took off which bill or order, or the grant it has become.
CREATE TABLE coupon_use (
    redemption BYTEA NOT NULL,
    number     BIGINT NOT NULL,
    document   TEXT NOT NULL,
    amount     BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    seal       BIGINT NOT NULL,
    PRIMARY KEY (redemption, number)
) {keyed};
