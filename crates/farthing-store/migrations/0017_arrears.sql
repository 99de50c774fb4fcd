-- What becomes of a bill that is not paid: what a dispute is about, what lateness costs, and when it is reminded of.

-- What of a bill's due an open dispute is about: nobody asks for that meanwhile.
ALTER TABLE bill ADD COLUMN disputed BIGINT NOT NULL DEFAULT 0;

-- Working state, a row for each bill that is reminded of, or is or was late where that costs. again: since when so much of it was due again.
-- late: the parts of it that are or were late. charged: the bills that ask for what that costs, and how much each. counts: it may cost more yet.
CREATE TABLE arrears (
    bill      BYTEA NOT NULL PRIMARY KEY,
    cloud     TEXT NOT NULL,
    account   BIGINT NOT NULL,
    again     BIGINT,
    late      TEXT NOT NULL,
    charged   TEXT NOT NULL,
    counts    BIGINT NOT NULL,
    remind_at BIGINT
) {keyed};

CREATE INDEX arrears_remind_at ON arrears (remind_at) WHERE remind_at IS NOT NULL;
CREATE INDEX arrears_account ON arrears (account);

-- Evidence: what customers say is wrong about their bills, and what was decided.
CREATE TABLE bill_dispute (
    id      BYTEA NOT NULL PRIMARY KEY,
    cloud   TEXT NOT NULL,
    account BIGINT NOT NULL,
    bill    BYTEA NOT NULL,
    amount  BIGINT NOT NULL,
    reason  TEXT NOT NULL,
    opened  BIGINT NOT NULL,
    state   TEXT NOT NULL,
    decided BIGINT,
    granted BIGINT NOT NULL,
    who     TEXT NOT NULL,
    note    TEXT NOT NULL,
    seal    BIGINT NOT NULL
) {keyed};

CREATE INDEX bill_dispute_of ON bill_dispute (bill);
CREATE INDEX bill_dispute_cloud ON bill_dispute (cloud, id);
