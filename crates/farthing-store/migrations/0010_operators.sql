-- What operators give, look after and ask again.

-- Why a grant was given; empty: nobody said so.
ALTER TABLE lot ADD COLUMN reason TEXT NOT NULL DEFAULT '';

-- What providers could not be asked, given up: it waits for a person.
CREATE INDEX errand_given_up ON errand (cloud, number) WHERE state = 'dead';

-- A refund that was made by hand at a provider is known by its reference alone.
CREATE INDEX refund_part_by_reference ON refund_part (reference) WHERE reference <> '';

-- Bills that could not be collected by themselves. failed: when that failed first, from which their next times are counted. begun: when it was
-- tried last. made: how many of the policy's times are over. next_at: none while a payment is under way, or when none is left.
CREATE TABLE collecting (
    bill    BYTEA NOT NULL PRIMARY KEY,
    cloud   TEXT NOT NULL,
    account BIGINT NOT NULL,
    failed  BIGINT NOT NULL,
    begun   BIGINT NOT NULL,
    made    BIGINT NOT NULL,
    next_at BIGINT
) {hot};

CREATE INDEX collecting_next ON collecting (next_at, bill) WHERE next_at IS NOT NULL;
