-- Codes to scan and pages of wallets: until when a payment can be paid on one, and what the code says (empty: there is only the page).
CREATE TABLE payment_code (
    payment BYTEA NOT NULL PRIMARY KEY,
    until   BIGINT NOT NULL,
    code    TEXT NOT NULL
) {keyed};

-- What a customer paid, where that was in another currency than the account's. credited: what it counts for, with its tax, in the account's;
-- rate: how much of what was paid is one of that, a decimal fraction.
CREATE TABLE payment_paid (
    payment  BYTEA NOT NULL PRIMARY KEY,
    currency TEXT NOT NULL,
    paid     BIGINT NOT NULL,
    credited BIGINT NOT NULL,
    rate     TEXT NOT NULL,
    at       BIGINT NOT NULL,
    seal     BIGINT NOT NULL
) {keyed};

-- What the pretended provider's customers did on pages and with codes, whether or not it has told it. currency empty: in the account's.
CREATE TABLE sandbox_done (
    payment  BYTEA NOT NULL PRIMARY KEY,
    deed     TEXT NOT NULL,
    currency TEXT NOT NULL,
    paid     BIGINT NOT NULL
) {keyed};
