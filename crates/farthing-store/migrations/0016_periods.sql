-- Billing periods: when an account's next one closes, how far its charges stand on documents, and which document is about which of them.

-- When the open billing period's documents are issued: its end and the late window after it. None: nothing of it is to be billed.
ALTER TABLE account_state ADD COLUMN bill_at BIGINT;

CREATE INDEX account_state_bill_at ON account_state (bill_at) WHERE bill_at IS NOT NULL;

-- Working state. since, until: the period that closes next. upto, chain: the cut of the last document. waiting: what the charges
-- behind it come to, a line each. apart: what of each product was billed beside its charges.
CREATE TABLE billing (
    account BIGINT NOT NULL PRIMARY KEY,
    since   BIGINT NOT NULL,
    until   BIGINT NOT NULL,
    upto    BIGINT NOT NULL,
    chain   BIGINT NOT NULL,
    waiting TEXT NOT NULL,
    apart   TEXT NOT NULL
) {hot};

-- Evidence: what a document is about. It is about the charges that its cut covers and the one before it does not. used: what they came to,
-- a line each.
CREATE TABLE bill_cut (
    account BIGINT NOT NULL,
    place   BIGINT NOT NULL,
    bill    BYTEA NOT NULL,
    since   BIGINT NOT NULL,
    until   BIGINT NOT NULL,
    upto    BIGINT NOT NULL,
    chain   BIGINT NOT NULL,
    used    TEXT NOT NULL,
    seal    BIGINT NOT NULL,
    PRIMARY KEY (account, place)
) {keyed};

CREATE INDEX bill_cut_of ON bill_cut (bill);
