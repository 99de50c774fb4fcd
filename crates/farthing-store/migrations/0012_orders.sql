-- What is bought ahead: orders, what was agreed for how long, and the money of each period of it.

-- asked: what was ordered and quoted, written once. state, valid_until (paid by then, or made by then), credit (free credit that paid it),
-- transfers (what paid it beside its bill) go on.
CREATE TABLE purchase (
    id          BYTEA NOT NULL PRIMARY KEY,
    cloud       TEXT NOT NULL,
    account     BIGINT NOT NULL,
    name        TEXT NOT NULL,
    number      BIGINT NOT NULL,
    kind        TEXT NOT NULL,
    state       TEXT NOT NULL,
    ordered     BIGINT NOT NULL,
    valid_until BIGINT,
    asked       TEXT NOT NULL,
    amount      BIGINT NOT NULL,
    bill        BYTEA,
    credit      BIGINT NOT NULL,
    cash        BIGINT NOT NULL,
    transfers   TEXT NOT NULL,
    awaits      TEXT NOT NULL,
    why         TEXT NOT NULL,
    changed     BIGINT NOT NULL,
    seal        BIGINT NOT NULL
) {hot};

CREATE INDEX purchase_of_account ON purchase (cloud, account, number);
CREATE INDEX purchase_by_name ON purchase (cloud, name, number);
CREATE INDEX purchase_of_bill ON purchase (bill) WHERE bill IS NOT NULL;
CREATE INDEX purchase_due ON purchase (valid_until, id) WHERE valid_until IS NOT NULL;

-- What runs for a time. state, renew, paid_to and due_at follow from what was agreed and paid.
CREATE TABLE subscription (
    id       BIGINT NOT NULL PRIMARY KEY,
    cloud    TEXT NOT NULL,
    account  BIGINT NOT NULL,
    project  BIGINT NOT NULL,
    name     TEXT NOT NULL,
    product  TEXT NOT NULL,
    sku      TEXT NOT NULL,
    addon    TEXT NOT NULL,
    parent   BIGINT NOT NULL,
    quantity BIGINT NOT NULL,
    state    TEXT NOT NULL,
    renew    TEXT NOT NULL,
    schedule TEXT NOT NULL,
    facts    TEXT NOT NULL,
    began    BIGINT NOT NULL,
    paid_to  BIGINT NOT NULL,
    tried    BIGINT,
    due_at   BIGINT
) {hot};

CREATE UNIQUE INDEX subscription_by_name ON subscription (cloud, name);
CREATE INDEX subscription_of_account ON subscription (account, id);
CREATE INDEX subscription_of_parent ON subscription (parent) WHERE parent <> 0;
CREATE INDEX subscription_due ON subscription (due_at, id) WHERE due_at IS NOT NULL;

-- What was agreed, in the order in which it was told.
CREATE TABLE agreed (
    subscription BIGINT NOT NULL,
    number       BIGINT NOT NULL,
    at           BIGINT NOT NULL,
    recorded     BIGINT NOT NULL,
    change       TEXT NOT NULL,
    seal         BIGINT NOT NULL,
    PRIMARY KEY (subscription, number)
) {hot};

-- The money of a plan in a period. ledger: the deferred account of the order it was bought with.
CREATE TABLE term (
    id            BIGINT NOT NULL PRIMARY KEY,
    subscription  BIGINT NOT NULL,
    account       BIGINT NOT NULL,
    purchase      BYTEA NOT NULL,
    product       TEXT NOT NULL,
    plan          TEXT NOT NULL,
    period_from   BIGINT NOT NULL,
    period_to     BIGINT NOT NULL,
    had_from      BIGINT NOT NULL,
    had_to        BIGINT NOT NULL,
    ledger        BIGINT NOT NULL,
    value         BIGINT NOT NULL,
    cash          BIGINT NOT NULL,
    returned      BIGINT NOT NULL,
    cash_returned BIGINT NOT NULL,
    earned        BIGINT NOT NULL,
    earn_at       BIGINT
) {hot};

CREATE INDEX term_of_subscription ON term (subscription, period_from);
CREATE INDEX term_to_earn ON term (earn_at, id) WHERE earn_at IS NOT NULL;
