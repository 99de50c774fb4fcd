-- Who pays, for what, and what it has cost: accounts, projects, things with their facts, open and sealed charges.

-- What is evidence has a seal: accounts, things, facts, charges, grants, and terms, whose number is their hash. The rest is working state
-- that follows from it: `verify` works it out again.

-- id: of its ledger owner. cash, debt and unbilled are its ledger accounts, the last two once they are needed: sums that most
-- never have would stand between those that change every hour.
CREATE TABLE account (
    id       BIGINT NOT NULL PRIMARY KEY,
    cloud    TEXT NOT NULL,
    name     TEXT NOT NULL,
    zone     TEXT NOT NULL,
    country  TEXT NOT NULL,
    pay      BIGINT,
    opened   BIGINT NOT NULL,
    closed   BIGINT,
    cash     BIGINT NOT NULL,
    debt     BIGINT,
    unbilled BIGINT,
    seal     BIGINT NOT NULL,
    UNIQUE (cloud, name)
) {rows};

-- What changes as it lives. open_from: where its open day begins. due_at: when it has to be looked at next, by itself.
-- version: the newest configuration its lines know of.
-- head and sealed: the chain over its charges, and how many they are.
CREATE TABLE account_state (
    account    BIGINT NOT NULL PRIMARY KEY,
    open_from  BIGINT NOT NULL,
    due_at     BIGINT,
    ran_out_at BIGINT,
    version    BIGINT NOT NULL,
    parked     TEXT NOT NULL,
    sealed     BIGINT NOT NULL,
    head       BYTEA NOT NULL
) {hot};

CREATE INDEX account_due ON account_state (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE project (
    id      BIGINT NOT NULL PRIMARY KEY,
    cloud   TEXT NOT NULL,
    name    TEXT NOT NULL,
    account BIGINT NOT NULL,
    opened  BIGINT NOT NULL,
    UNIQUE (cloud, name)
) {rows};

-- project 0: of the whole account.
CREATE TABLE member (
    account BIGINT NOT NULL,
    project BIGINT NOT NULL,
    person  TEXT NOT NULL,
    role    TEXT NOT NULL,
    since   BIGINT NOT NULL,
    PRIMARY KEY (account, project, person)
) {keyed};

-- What is charged. kind: 0 a resource, 1 a scope that shares a free size, 2 an account's use of a product. Its seal is of what
-- never changes of it; who pays, its SKU, state, size and person follow from its facts.
CREATE TABLE thing (
    id         BIGINT NOT NULL PRIMARY KEY,
    cloud      TEXT NOT NULL,
    kind       BIGINT NOT NULL,
    name       TEXT NOT NULL,
    account    BIGINT NOT NULL,
    project    BIGINT NOT NULL,
    product    TEXT NOT NULL,
    sku        TEXT NOT NULL,
    state      TEXT NOT NULL,
    size       BIGINT NOT NULL,
    person     TEXT NOT NULL,
    properties TEXT NOT NULL,
    since      BIGINT NOT NULL,
    seen_at    BIGINT,
    listed_at  BIGINT,
    seal       BIGINT NOT NULL,
    UNIQUE (cloud, kind, name)
) {rows};

-- Who pays for it or ever did.
CREATE TABLE thing_payer (
    account BIGINT NOT NULL,
    thing   BIGINT NOT NULL,
    PRIMARY KEY (account, thing)
) {keyed};

CREATE INDEX thing_by_project ON thing (project, id);
CREATE INDEX thing_by_sign ON thing (seen_at) WHERE seen_at IS NOT NULL;

-- What was told of a thing, as it was told. Appended. flagged: the gate would have said no.
CREATE TABLE fact (
    thing    BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    key      BIGINT NOT NULL,
    what     TEXT NOT NULL,
    recorded BIGINT NOT NULL,
    flagged  BOOLEAN NOT NULL,
    seal     BIGINT NOT NULL,
    PRIMARY KEY (thing, at, key)
) {keyed};

-- Whose price a line has, by the hash of what it says: written once, never changed.
CREATE TABLE terms (
    id         BIGINT NOT NULL PRIMARY KEY,
    cloud      TEXT NOT NULL,
    version    BIGINT NOT NULL,
    product    TEXT NOT NULL,
    sku        TEXT NOT NULL,
    part       TEXT NOT NULL,
    account    TEXT NOT NULL,
    day        TEXT NOT NULL,
    properties TEXT NOT NULL
) {rows};

-- Working state: what is not sealed, in closed form. An account's lines are one sequential read, and a million of them are
-- read at every settlement, so each is few columns: form holds the numbers of its form, packed (`open_charges.rs`).
CREATE TABLE open_charge (
    account BIGINT NOT NULL,
    thing   BIGINT NOT NULL,
    part    TEXT NOT NULL,
    began   BIGINT NOT NULL,
    form    BYTEA NOT NULL,
    PRIMARY KEY (account, thing, part, began)
) {keyed};

-- The totals of rating periods of usage that are closed: what a late event adds to.
CREATE TABLE closed_total (
    account BIGINT NOT NULL,
    thing   BIGINT NOT NULL,
    part    TEXT NOT NULL,
    began   BIGINT NOT NULL,
    terms   BIGINT NOT NULL,
    month_seconds BIGINT NOT NULL,
    total   BYTEA,
    PRIMARY KEY (account, thing, part, began)
) {keyed};

-- What was posted of a product and is not sealed yet, and what paid it.
CREATE TABLE posted (
    account    BIGINT NOT NULL,
    product    TEXT NOT NULL,
    paid       TEXT NOT NULL,
    settled_to BIGINT NOT NULL,
    PRIMARY KEY (account, product)
) {keyed};

-- Sealed: what a thing cost in a day or rating period, and what late facts changed of it (number 1 and up). Appended at the
-- end of its day, in the order of accounts. chained: its place in the account's chain.
CREATE TABLE charge (
    day        BIGINT NOT NULL,
    account    BIGINT NOT NULL,
    thing      BIGINT NOT NULL,
    part       TEXT NOT NULL,
    began      BIGINT NOT NULL,
    number     BIGINT NOT NULL,
    ends       BIGINT NOT NULL,
    product    TEXT NOT NULL,
    terms      BIGINT NOT NULL,
    list       BIGINT NOT NULL,
    net        BIGINT NOT NULL,
    paid       TEXT NOT NULL,
    recorded   BIGINT NOT NULL,
    chained    BIGINT NOT NULL,
    seal       BIGINT NOT NULL,
    PRIMARY KEY (day, account, thing, part, began, number)
) {keyed};

-- Grants: what may pay before cash does. What is left of one is its ledger account's balance.
CREATE TABLE lot (
    account  BIGINT NOT NULL,
    number   BIGINT NOT NULL,
    name     TEXT NOT NULL,
    ledger   BIGINT NOT NULL,
    amount   BIGINT NOT NULL,
    priority BIGINT NOT NULL,
    products TEXT NOT NULL,
    starts   BIGINT NOT NULL,
    expires  BIGINT,
    lapsed   BOOLEAN NOT NULL,
    seal     BIGINT NOT NULL,
    PRIMARY KEY (account, number)
) {keyed};

-- Events whose values a total alone does not hold: those of meters that count what is different, highest or last, and of
-- prices of single events.
CREATE TABLE usage_value (
    account BIGINT NOT NULL,
    thing   BIGINT NOT NULL,
    part    TEXT NOT NULL,
    began   BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    id      BYTEA NOT NULL,
    value   BIGINT NOT NULL,
    PRIMARY KEY (account, thing, part, began, at, id)
) {keyed};
