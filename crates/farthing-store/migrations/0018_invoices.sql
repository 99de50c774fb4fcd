-- Invoices that customers ask for, of what they have used and paid.

-- Evidence. buyer: who it is for, and where it goes. exact, total: what its charges come to, and what of it the invoice says in whole coins. due:
-- by when it is to be issued; late: it was not, and an operator was told.
CREATE TABLE invoice_request (
    id      BYTEA NOT NULL PRIMARY KEY,
    cloud   TEXT NOT NULL,
    account BIGINT NOT NULL,
    state   TEXT NOT NULL,
    buyer   TEXT NOT NULL,
    asked   BIGINT NOT NULL,
    due     BIGINT,
    late    BIGINT NOT NULL,
    decided BIGINT,
    exact   BIGINT NOT NULL,
    total   BIGINT NOT NULL,
    bill    BYTEA,
    who     TEXT NOT NULL,
    note    TEXT NOT NULL,
    seal    BIGINT NOT NULL
) {keyed};

CREATE INDEX invoice_request_cloud ON invoice_request (cloud, id);
CREATE INDEX invoice_request_account ON invoice_request (account, id);
CREATE INDEX invoice_request_due ON invoice_request (due) WHERE state = 'asked' AND late = 0;

-- Which charges an invoice was asked for: each once. amount: what was paid of it, and not by free credit.
CREATE TABLE invoiced (
    account BIGINT NOT NULL,
    charged BIGINT NOT NULL,
    request BYTEA NOT NULL,
    amount  BIGINT NOT NULL,
    PRIMARY KEY (account, charged)
) {keyed};

CREATE INDEX invoiced_request ON invoiced (request);
