-- Dated versions of each cloud's configuration. Appended, never changed: what was in force when is read from here.

-- digest: the chain over the version before; files_digest: over the names and texts of its files.
CREATE TABLE policy_version (
    cloud        TEXT NOT NULL,
    number       BIGINT NOT NULL,
    starts       BIGINT NOT NULL,
    corrects     BIGINT,
    who          TEXT NOT NULL,
    why          TEXT NOT NULL,
    recorded     BIGINT NOT NULL,
    files_digest BYTEA NOT NULL,
    digest       BYTEA NOT NULL,
    seal         BIGINT NOT NULL,
    PRIMARY KEY (cloud, number)
) {keyed};

-- Every version has all its files, changed or not: a few thousand bytes, some dozen times a year, and none needs another.
CREATE TABLE policy_file (
    cloud  TEXT NOT NULL,
    number BIGINT NOT NULL,
    name   TEXT NOT NULL,
    text   TEXT NOT NULL,
    seal   BIGINT NOT NULL,
    PRIMARY KEY (cloud, number, name)
) {keyed};
