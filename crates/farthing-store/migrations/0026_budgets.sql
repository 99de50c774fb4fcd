-- Budgets, and what nobody of an account wants to be written.

-- What a month may cost, and what happens on the way there: a row for each budget of an account. project: 0, or the one it is about; label:
-- empty, or the `key=value` of what it is about. steps: a line each, `actual 80 notify`. since: the month that is counted; units: what of it is
-- sealed; told: a bit for each step; stops: what runs in it is to be stopped;
-- stopped: it was; foretold: the day of the last look ahead.
CREATE TABLE budget (
    account  BIGINT NOT NULL,
    name     TEXT NOT NULL,
    project  BIGINT NOT NULL,
    label    TEXT NOT NULL,
    month    BIGINT NOT NULL,
    steps    TEXT NOT NULL,
    seal     BIGINT NOT NULL,
    since    BIGINT,
    units    BIGINT NOT NULL,
    told     BIGINT NOT NULL,
    stops    BOOLEAN NOT NULL,
    stopped  BOOLEAN NOT NULL,
    foretold BIGINT,
    PRIMARY KEY (account, name)
) {keyed};

CREATE INDEX budget_due ON budget (account) WHERE stops <> stopped;

-- Of which types of events an account's people want no mail.
CREATE TABLE notice_off (
    account BIGINT NOT NULL,
    type    TEXT NOT NULL,
    PRIMARY KEY (account, type)
) {keyed};
