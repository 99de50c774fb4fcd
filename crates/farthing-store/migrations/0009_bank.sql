-- The bank: what its statements tell, what files ask it for, whose transfers are known by which code, and what may be debited.

-- Files that came from the bank or are for it. digest: of what came, so that the same one twice is known. body: what is for the bank, as it is
-- sent; of what came nothing is kept but its movements. fresh: of its rows, those that nobody had told before.
CREATE TABLE bank_file (
    id     BYTEA NOT NULL PRIMARY KEY,
    cloud  TEXT NOT NULL,
    kind   TEXT NOT NULL,
    name   TEXT NOT NULL,
    digest TEXT NOT NULL,
    at     BIGINT NOT NULL,
    rows   BIGINT NOT NULL,
    fresh  BIGINT NOT NULL,
    total  BIGINT NOT NULL,
    who    TEXT NOT NULL,
    body   TEXT NOT NULL
) {hot};

CREATE INDEX bank_file_by_cloud ON bank_file (cloud, id);
CREATE UNIQUE INDEX bank_file_once ON bank_file (cloud, digest) WHERE digest <> '';

-- One movement of the cloud's own account (own), each once by its identity. booked: the bank's day. transfer: what booked it against suspense;
-- account, why: whose it is and how that was known; who: a person who said so.
CREATE TABLE bank_row (
    id             BYTEA NOT NULL PRIMARY KEY,
    cloud          TEXT NOT NULL,
    file           BYTEA NOT NULL,
    own            TEXT NOT NULL,
    identity       TEXT NOT NULL,
    booked         TEXT NOT NULL,
    amount         BIGINT NOT NULL,
    nature         TEXT NOT NULL,
    bank_reference TEXT NOT NULL,
    name           TEXT NOT NULL,
    iban           TEXT NOT NULL,
    text           TEXT NOT NULL,
    reference      TEXT NOT NULL,
    end_to_end     TEXT NOT NULL,
    batch          TEXT NOT NULL,
    mandate        TEXT NOT NULL,
    reason         TEXT NOT NULL,
    fee            BIGINT NOT NULL,
    state          TEXT NOT NULL,
    account        BIGINT,
    why            TEXT NOT NULL,
    who            TEXT NOT NULL,
    told           BIGINT NOT NULL,
    changed        BIGINT NOT NULL,
    transfer       BIGINT NOT NULL,
    seal           BIGINT NOT NULL
) {hot};

CREATE UNIQUE INDEX bank_row_once ON bank_row (cloud, own, identity);
CREATE INDEX bank_row_by_cloud ON bank_row (cloud, id);
CREATE INDEX bank_row_new ON bank_row (cloud, transfer) WHERE state = 'new';
CREATE INDEX bank_row_waiting ON bank_row (cloud, id) WHERE state = 'waiting';
CREATE INDEX bank_row_by_payer ON bank_row (cloud, iban) WHERE state = 'matched' AND iban <> '';
CREATE INDEX bank_row_by_account ON bank_row (account, id) WHERE account IS NOT NULL;

-- The code that an account's owner writes on a transfer.
CREATE TABLE transfer_code (
    cloud   TEXT NOT NULL,
    code    TEXT NOT NULL,
    account BIGINT NOT NULL,
    PRIMARY KEY (cloud, code)
) {keyed};

CREATE UNIQUE INDEX transfer_code_of ON transfer_code (account);

-- What a debtor signed: of a method that is debited by files, whose id is its reference. used: for which days it was debited first and last.
CREATE TABLE mandate (
    method     BYTEA NOT NULL PRIMARY KEY,
    cloud      TEXT NOT NULL,
    account    BIGINT NOT NULL,
    holder     TEXT NOT NULL,
    iban       TEXT NOT NULL,
    bic        TEXT NOT NULL,
    scheme     TEXT NOT NULL,
    signed     TEXT NOT NULL,
    first_used TEXT NOT NULL,
    last_used  TEXT NOT NULL
) {keyed};

-- A debit that was announced and waits for its time.
CREATE TABLE announced (
    payment BYTEA NOT NULL PRIMARY KEY,
    cloud   TEXT NOT NULL,
    account BIGINT NOT NULL,
    at      BIGINT NOT NULL
) {keyed};

CREATE INDEX announced_at ON announced (at, payment);

-- What the bank is asked for. subject: the payment, refund or movement; part: of a refund. file, batch: those that ask for it.
CREATE TABLE bank_order (
    cloud      TEXT NOT NULL,
    end_to_end TEXT NOT NULL,
    kind       TEXT NOT NULL,
    account    BIGINT,
    subject    BYTEA NOT NULL,
    part       BIGINT NOT NULL,
    amount     BIGINT NOT NULL,
    due        TEXT NOT NULL,
    name       TEXT NOT NULL,
    iban       TEXT NOT NULL,
    bic        TEXT NOT NULL,
    text       TEXT NOT NULL,
    state      TEXT NOT NULL,
    file       BYTEA,
    batch      TEXT NOT NULL,
    PRIMARY KEY (cloud, end_to_end)
) {hot};

CREATE INDEX bank_order_waiting ON bank_order (cloud, end_to_end) WHERE state = 'waiting';
CREATE INDEX bank_order_filed ON bank_order (cloud, end_to_end) WHERE state = 'filed';
CREATE INDEX bank_order_by_batch ON bank_order (cloud, batch) WHERE batch <> '';
CREATE INDEX bank_order_by_subject ON bank_order (subject);

-- By what bills and accounts are found in what payers write: numbers of bills as payers write them, words of companies' names.
CREATE TABLE bill_key (
    cloud TEXT NOT NULL,
    key   TEXT NOT NULL,
    bill  BYTEA NOT NULL,
    PRIMARY KEY (cloud, key, bill)
) {keyed};

CREATE TABLE name_word (
    cloud   TEXT NOT NULL,
    word    TEXT NOT NULL,
    account BIGINT NOT NULL,
    PRIMARY KEY (cloud, word, account)
) {keyed};

CREATE INDEX name_word_of ON name_word (account);
CREATE INDEX bill_open_amount ON bill (cloud, (total + given_back + refunded + charged_back - paid - credited - rolled))
    WHERE state = 'issued' OR state = 'overdue';
