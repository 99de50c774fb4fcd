-- Money in and out through providers, what customers pay with, and what they are given to read about it.

-- What an account is watched for: it is looked at as soon as less than watch_below can be spent, not before watch_from.
ALTER TABLE account_state ADD COLUMN watch_below BIGINT;
ALTER TABLE account_state ADD COLUMN watch_from BIGINT;

-- What a provider calls an account.
CREATE TABLE customer (
    account   BIGINT NOT NULL,
    provider  TEXT NOT NULL,
    reference TEXT NOT NULL,
    PRIMARY KEY (account, provider)
) {keyed};

-- What an account pays with: never a card's number. rank: the lowest is the default. consented: when its owner agreed to be charged later,
-- and mandate in which words. warn_at: when they are told that it is about to end.
CREATE TABLE method (
    id          BYTEA NOT NULL PRIMARY KEY,
    cloud       TEXT NOT NULL,
    account     BIGINT NOT NULL,
    provider    TEXT NOT NULL,
    token       TEXT NOT NULL,
    channel     TEXT NOT NULL,
    brand       TEXT NOT NULL,
    last4       TEXT NOT NULL,
    expires     TEXT NOT NULL,
    country     TEXT NOT NULL,
    funding     TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    standing    TEXT NOT NULL,
    rank        BIGINT NOT NULL,
    consented   BIGINT,
    mandate     TEXT NOT NULL,
    action      TEXT NOT NULL,
    added       BIGINT NOT NULL,
    ended       BIGINT,
    warn_at     BIGINT
) {keyed};

CREATE INDEX method_by_account ON method (account, rank, id);
CREATE INDEX method_by_token ON method (provider, token);
CREATE INDEX method_to_warn ON method (warn_at, id) WHERE warn_at IS NOT NULL;

-- purpose: top_up, refill, bill. once: what its caller calls it, given once a cloud. net + tax is what is asked for; verdict: why it was let
-- through, looked at, or refused. transfer: the first that booked it. refunded, taken_back: of the net, by what was approved
-- and by what banks took.
CREATE TABLE payment (
    id          BYTEA NOT NULL PRIMARY KEY,
    cloud       TEXT NOT NULL,
    account     BIGINT NOT NULL,
    once        TEXT NOT NULL,
    purpose     TEXT NOT NULL,
    channel     TEXT NOT NULL,
    provider    TEXT NOT NULL,
    method      BYTEA,
    token       TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    bill        BYTEA,
    net         BIGINT NOT NULL,
    tax         BIGINT NOT NULL,
    assessed    TEXT NOT NULL,
    state       TEXT NOT NULL,
    reference   TEXT NOT NULL,
    failure     TEXT NOT NULL,
    failure_text TEXT NOT NULL,
    action      TEXT NOT NULL,
    verdict     TEXT NOT NULL,
    keeps       BOOLEAN NOT NULL,
    created     BIGINT NOT NULL,
    changed     BIGINT NOT NULL,
    succeeded   BIGINT,
    transfer    BIGINT,
    refunded    BIGINT NOT NULL,
    taken_back  BIGINT NOT NULL,
    seal        BIGINT NOT NULL
) {hot};

CREATE INDEX payment_by_account ON payment (account, id);
CREATE INDEX payment_by_cloud ON payment (cloud, id);
CREATE UNIQUE INDEX payment_once ON payment (cloud, once) WHERE once <> '';
CREATE INDEX payment_by_reference ON payment (provider, reference) WHERE reference <> '';
CREATE INDEX payment_by_fingerprint ON payment (fingerprint, created) WHERE fingerprint <> '';
CREATE INDEX payment_review ON payment (cloud, id) WHERE state = 'review';

-- A complaint or a return. transfers: those that took the money back, to be reversed should it be won.
CREATE TABLE dispute (
    provider  TEXT NOT NULL,
    reference TEXT NOT NULL,
    payment   BYTEA NOT NULL,
    amount    BIGINT NOT NULL,
    state     TEXT NOT NULL,
    why       TEXT NOT NULL,
    opened    BIGINT NOT NULL,
    ended     BIGINT,
    transfers TEXT NOT NULL,
    PRIMARY KEY (provider, reference)
) {keyed};

CREATE INDEX dispute_by_payment ON dispute (payment);

-- Money back, as it was asked for: state asked, refused, approved, sent, failed. Its parts go to payments.
CREATE TABLE refund (
    id      BYTEA NOT NULL PRIMARY KEY,
    cloud   TEXT NOT NULL,
    account BIGINT NOT NULL,
    once    TEXT NOT NULL,
    amount  BIGINT NOT NULL,
    state   TEXT NOT NULL,
    reason  TEXT NOT NULL,
    asked   BIGINT NOT NULL,
    decided BIGINT,
    who     TEXT NOT NULL,
    note    TEXT NOT NULL
) {hot};

CREATE INDEX refund_by_account ON refund (account, id);
CREATE INDEX refund_by_cloud ON refund (cloud, id);
CREATE UNIQUE INDEX refund_once ON refund (cloud, once) WHERE once <> '';

CREATE TABLE refund_part (
    refund    BYTEA NOT NULL,
    part      BIGINT NOT NULL,
    payment   BYTEA NOT NULL,
    net       BIGINT NOT NULL,
    tax       BIGINT NOT NULL,
    state     TEXT NOT NULL,
    reference TEXT NOT NULL,
    transfer  BIGINT NOT NULL,
    PRIMARY KEY (refund, part)
) {keyed};

CREATE INDEX refund_part_by_payment ON refund_part (payment);

-- What waits to be asked of a provider: written with its cause, carried after it. subject: the payment, refund or method; part: of a refund.
-- Who asks moves next_at on first, so that it is asked again, with the same key, should nobody come back.
CREATE TABLE errand (
    number   BIGINT NOT NULL PRIMARY KEY,
    cloud    TEXT NOT NULL,
    account  BIGINT NOT NULL,
    provider TEXT NOT NULL,
    kind     TEXT NOT NULL,
    subject  BYTEA NOT NULL,
    part     BIGINT NOT NULL,
    ask_key  TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    begun    BIGINT,
    next_at  BIGINT,
    state    TEXT NOT NULL,
    answer   TEXT NOT NULL
) {hot};

CREATE INDEX errand_ready ON errand (provider, next_at, number) WHERE next_at IS NOT NULL;
CREATE INDEX errand_by_subject ON errand (subject);

-- What providers told, each once.
CREATE TABLE provider_event (
    provider TEXT NOT NULL,
    id       TEXT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (provider, id)
) {keyed};

-- Filling up by itself: what an account has set, where it differs from the policy, and how it went. payment: the one under way.
CREATE TABLE refill (
    account     BIGINT NOT NULL PRIMARY KEY,
    switched    BIGINT,
    threshold   BIGINT,
    amount      BIGINT,
    monthly_max BIGINT,
    payment     BYTEA,
    last        BIGINT,
    month       BIGINT NOT NULL,
    month_sum   BIGINT NOT NULL,
    failures    BIGINT NOT NULL,
    off_why     TEXT NOT NULL
) {hot};

-- Who an account is for taxes and on documents, and whether bills are collected by themselves. It can be erased: what was issued has its own copy.
CREATE TABLE company (
    account    BIGINT NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL,
    address    TEXT NOT NULL,
    country    TEXT NOT NULL,
    region     TEXT NOT NULL,
    tax_number TEXT NOT NULL,
    collect    BIGINT
) {keyed};

-- Bills, receipts and credit notes. number, seq: none until the numberer has given it one; it has a seal of its own, because it is written by
-- another than writes the rest. place: the order of issue. of: what a receipt or credit note is about. body: lines, rate groups and both
-- parties as they were, for ever. receivable: where it stands in the ledger; none: its payment booked it, beginning with transfer.
CREATE TABLE bill (
    id           BYTEA NOT NULL PRIMARY KEY,
    cloud        TEXT NOT NULL,
    account      BIGINT NOT NULL,
    kind         TEXT NOT NULL,
    series       TEXT NOT NULL,
    seq          BIGINT NOT NULL,
    number       TEXT NOT NULL,
    state        TEXT NOT NULL,
    place        BIGINT NOT NULL,
    issued       BIGINT NOT NULL,
    due          BIGINT,
    net          BIGINT NOT NULL,
    tax          BIGINT NOT NULL,
    total        BIGINT NOT NULL,
    paid         BIGINT NOT NULL,
    refunded     BIGINT NOT NULL,
    charged_back BIGINT NOT NULL,
    credited     BIGINT NOT NULL,
    given_back   BIGINT NOT NULL,
    rolled       BIGINT NOT NULL,
    of           BYTEA,
    payment      BYTEA,
    receivable   BIGINT,
    transfer     BIGINT,
    body         TEXT NOT NULL,
    seal         BIGINT NOT NULL,
    number_seal  BIGINT NOT NULL
) {hot};

CREATE INDEX bill_by_account ON bill (account, id);
CREATE INDEX bill_by_cloud ON bill (cloud, id);
CREATE UNIQUE INDEX bill_by_number ON bill (cloud, number) WHERE number <> '';
CREATE INDEX bill_unnumbered ON bill (cloud, series, place) WHERE number = '';
CREATE INDEX bill_open ON bill (account, due) WHERE state = 'issued' OR state = 'overdue';
CREATE INDEX bill_overdue ON bill (account) WHERE state = 'overdue';
CREATE INDEX bill_due ON bill (due, id) WHERE state = 'issued' AND due IS NOT NULL;
CREATE INDEX bill_of ON bill (of) WHERE of IS NOT NULL;
CREATE INDEX bill_of_payment ON bill (payment) WHERE payment IS NOT NULL;

CREATE TABLE number_series (
    cloud   TEXT NOT NULL,
    series  TEXT NOT NULL,
    counted BIGINT NOT NULL,
    PRIMARY KEY (cloud, series)
) {hot};

-- The pretended provider: what it was told to do; how it felt when it was asked something, from which its answer follows again; what will
-- happen to a payment there.
CREATE TABLE sandbox_mood (
    cloud TEXT NOT NULL PRIMARY KEY,
    mood  BIGINT NOT NULL
) {keyed};

CREATE TABLE sandbox_asked (
    ask_key TEXT NOT NULL PRIMARY KEY,
    mood    BIGINT NOT NULL,
    at      BIGINT NOT NULL
) {keyed};

CREATE TABLE sandbox_event (
    id      TEXT NOT NULL PRIMARY KEY,
    at      BIGINT NOT NULL,
    payment BYTEA NOT NULL,
    deed    TEXT NOT NULL
) {keyed};

CREATE INDEX sandbox_event_at ON sandbox_event (at, id);

-- Members' wallets: an account inside another (parent), which pays what its person starts and uses there. threshold: below it the person is
-- told. stop_on_overdue 0: the account it is in pays what it owes.
CREATE TABLE wallet (
    account         BIGINT NOT NULL PRIMARY KEY,
    parent          BIGINT NOT NULL,
    person          TEXT NOT NULL,
    threshold       BIGINT,
    stop_on_overdue BIGINT NOT NULL
) {keyed};

CREATE UNIQUE INDEX wallet_of_person ON wallet (parent, person);
