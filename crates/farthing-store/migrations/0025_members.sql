-- A member has a limit of their own inside an account, or inside a project of it. person: whose; empty: everybody's together.

CREATE TABLE spend_limit_now (
    account BIGINT NOT NULL,
    project BIGINT NOT NULL,
    person  TEXT NOT NULL,
    month   BIGINT,
    hour    BIGINT,
    seal    BIGINT NOT NULL,
    PRIMARY KEY (account, project, person)
) {keyed};

INSERT INTO spend_limit_now (account, project, person, month, hour, seal)
    SELECT account, project, '', month, hour, seal FROM spend_limit;
DROP TABLE spend_limit;
ALTER TABLE spend_limit_now RENAME TO spend_limit;
