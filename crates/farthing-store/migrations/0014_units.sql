-- Units bought ahead, or given: packs, what things have taken of them, and when an account had none (R8).

-- Each pack has a ledger account of its own, and one of what was paid and is not earned. unit: what it is counted in, in millionths. product:
-- empty, nobody sold it. starts to expires: until when it may be used. every: seconds after which the same is given again; none: it is not.
-- round: which time that is. lapsed: what of it was left when its time was over; none: it has not lapsed.
CREATE TABLE unit_lot (
    account  BIGINT NOT NULL,
    number   BIGINT NOT NULL,
    name     TEXT NOT NULL,
    product  TEXT NOT NULL,
    unit     TEXT NOT NULL,
    ledger   BIGINT NOT NULL,
    deferred BIGINT,
    size     BIGINT NOT NULL,
    paid     BIGINT NOT NULL,
    starts   BIGINT NOT NULL,
    expires  BIGINT,
    every    BIGINT,
    round    BIGINT NOT NULL,
    reason   TEXT NOT NULL,
    given    BIGINT NOT NULL,
    lapsed   BIGINT,
    seal     BIGINT NOT NULL,
    PRIMARY KEY (account, number)
) {keyed};

CREATE INDEX unit_lot_by_ledger ON unit_lot (ledger);

-- What each thing has taken of a unit: which packs gave (paid), and what none gave (missing). The rest is its form: done of runs that are over,
-- total of the one that goes on at an instant, which grows by slope a second until an instant; taken for so many of that (per).
CREATE TABLE unit_use (
    account BIGINT NOT NULL,
    thing   BIGINT NOT NULL,
    unit    TEXT NOT NULL,
    product TEXT NOT NULL,
    paid    TEXT NOT NULL,
    missing BIGINT NOT NULL,
    done    BIGINT NOT NULL,
    total   BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    slope   BIGINT NOT NULL,
    taken   BIGINT NOT NULL,
    per     BIGINT NOT NULL,
    until   BIGINT,
    PRIMARY KEY (account, thing, unit)
) {hot};

CREATE INDEX unit_use_running ON unit_use (account) WHERE slope <> 0;

-- When an account had none of a unit: from the first second that was not covered at all to the one in which there were some again. part: how
-- much of the second before it was not covered, in millionths.
CREATE TABLE unit_dry (
    account BIGINT NOT NULL,
    unit    TEXT NOT NULL,
    began   BIGINT NOT NULL,
    part    BIGINT NOT NULL,
    ended   BIGINT,
    PRIMARY KEY (account, unit, began)
) {keyed};
