-- A space that was bought has a ladder of its own, beside its account's: space is the thing, and 0 where the ladder is the account's.

CREATE TABLE ladder_now (
    account BIGINT NOT NULL,
    space   BIGINT NOT NULL,
    cloud   TEXT NOT NULL,
    cause   TEXT NOT NULL,
    since   BIGINT,
    reached TEXT NOT NULL,
    dates   TEXT NOT NULL,
    held    TEXT NOT NULL,
    next_at BIGINT,
    PRIMARY KEY (account, space)
) {keyed};

INSERT INTO ladder_now (account, space, cloud, cause, since, reached, dates, held, next_at)
    SELECT account, 0, cloud, cause, since, reached, dates, held, next_at FROM ladder;
DROP TABLE ladder;
ALTER TABLE ladder_now RENAME TO ladder;

CREATE INDEX ladder_next ON ladder (next_at, account, space) WHERE next_at IS NOT NULL;
CREATE INDEX ladder_cloud ON ladder (cloud, account, space);

CREATE TABLE step_notice_now (
    account  BIGINT NOT NULL,
    space    BIGINT NOT NULL,
    rung     TEXT NOT NULL,
    ahead    BIGINT NOT NULL,
    told     BIGINT NOT NULL,
    message  BYTEA,
    accepted BIGINT,
    PRIMARY KEY (account, space, rung, ahead)
) {keyed};

INSERT INTO step_notice_now (account, space, rung, ahead, told, message, accepted)
    SELECT account, 0, rung, ahead, told, message, accepted FROM step_notice;
DROP TABLE step_notice;
ALTER TABLE step_notice_now RENAME TO step_notice;

CREATE INDEX step_notice_message ON step_notice (message) WHERE message IS NOT NULL;
