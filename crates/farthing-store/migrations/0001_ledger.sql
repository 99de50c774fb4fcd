-- The ground floor: the store's own identity, the ledger and its holds.
--
-- One text for both stores. Types are PostgreSQL's; {rows}, {keyed} and {hot} end a table: rows found by an integer,
-- rows kept in the order of their key, rows rewritten often. SQLite gets INTEGER/BLOB and STRICT tables.

-- A store carries an epoch: a restored copy gets a new one, and does nothing to the outside until it is accepted.
CREATE TABLE store_epoch (
    epoch    BIGINT NOT NULL PRIMARY KEY,
    id       BYTEA NOT NULL,
    begun    BIGINT NOT NULL,
    reason   TEXT NOT NULL,
    accepted BOOLEAN NOT NULL
) {rows};

CREATE TABLE commodity (
    id       BIGINT NOT NULL PRIMARY KEY,
    code     TEXT NOT NULL UNIQUE,
    unit     BOOLEAN NOT NULL,
    decimals BIGINT NOT NULL,
    seal     BIGINT NOT NULL
) {rows};

-- Whose ledger accounts they are: a customer of a cloud, or one shard of the cloud's own books.
CREATE TABLE ledger_owner (
    id    BIGINT NOT NULL PRIMARY KEY,
    cloud TEXT NOT NULL,
    name  TEXT NOT NULL,
    books BOOLEAN NOT NULL,
    seal  BIGINT NOT NULL,
    UNIQUE (cloud, name)
) {rows};

CREATE TABLE ledger_account (
    id        BIGINT NOT NULL PRIMARY KEY,
    owner     BIGINT NOT NULL,
    code      TEXT NOT NULL,
    commodity BIGINT NOT NULL,
    floor     BIGINT,
    hard      BOOLEAN NOT NULL,
    closed    BOOLEAN NOT NULL,
    opened    BIGINT NOT NULL,
    seal      BIGINT NOT NULL,
    UNIQUE (owner, code, commodity)
) {rows};

-- The row of sums, apart from the fixed facts: it is rewritten with every batch, so it is short and has no other index.
CREATE TABLE ledger_balance (
    account BIGINT NOT NULL PRIMARY KEY,
    debits  BIGINT NOT NULL,
    credits BIGINT NOT NULL,
    newest  BIGINT,
    head    BYTEA NOT NULL
) {hot};

-- What open holds reserve of an account; no row: nothing ever. Apart from the sums and very short, because an authorisation
-- dirties one page here and none there: beside the sums it dirtied twice as many, and commits cost by the page.
CREATE TABLE ledger_held (
    account BIGINT NOT NULL PRIMARY KEY,
    held    BIGINT NOT NULL
) {hot};

-- Appended, never changed. An account's history is walked by *_previous, so it needs no index by account, whose random
-- keys would cost more than everything else together.
CREATE TABLE transfer (
    id              BIGINT NOT NULL PRIMARY KEY,
    debit           BIGINT NOT NULL,
    credit          BIGINT NOT NULL,
    amount          BIGINT NOT NULL,
    kind            BIGINT NOT NULL,
    flags           BIGINT NOT NULL,
    effective       BIGINT NOT NULL,
    reverses        BIGINT,
    linked          BIGINT,
    cause           BYTEA,
    debit_after     BIGINT NOT NULL,
    credit_after    BIGINT NOT NULL,
    debit_previous  BIGINT,
    credit_previous BIGINT,
    seal            BIGINT NOT NULL
) {rows};

-- One reversal a transfer, one transfer a cause; the few that have one are all these indexes hold.
CREATE UNIQUE INDEX transfer_by_reverses ON transfer (reverses) WHERE reverses IS NOT NULL;
CREATE UNIQUE INDEX transfer_by_cause ON transfer (cause) WHERE cause IS NOT NULL;

-- state: 0 open, 1 captured, 2 released, 3 expired. A closed hold stays: late captures find it. parts: what it reserves now
-- of each account of its list, in order, as "account:reserved account:reserved"; beside the row, not in rows of their
-- own, because an authorisation would have paid a second insert for them.
CREATE TABLE hold (
    id         BYTEA NOT NULL PRIMARY KEY,
    owner      BIGINT NOT NULL,
    amount     BIGINT NOT NULL,
    captured   BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    state      BIGINT NOT NULL,
    parts      TEXT NOT NULL,
    seal       BIGINT NOT NULL
) {keyed};

-- By time, so that it grows at its end. Those past their time are few: whoever touches them, or the sweep, ends them.
CREATE INDEX hold_due ON hold (expires_at, owner) WHERE state = 0;

CREATE TABLE hold_capture (
    id        BIGINT NOT NULL PRIMARY KEY,
    hold      BYTEA NOT NULL,
    recipient BIGINT NOT NULL,
    amount    BIGINT NOT NULL,
    last      BOOLEAN NOT NULL,
    effective BIGINT NOT NULL,
    seal      BIGINT NOT NULL
) {rows};

CREATE INDEX hold_capture_by_hold ON hold_capture (hold);
