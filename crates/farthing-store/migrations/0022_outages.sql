-- The cloud's own outages (R83).

-- Evidence: what was reported, in order. Rows never change: a report is withdrawn by one more of its name, so each name has one report and at
-- most one withdrawal. starts, ends: whole seconds. skus, properties, resources: a line each; none: all there are.
CREATE TABLE outage (
    cloud      TEXT NOT NULL,
    number     BIGINT NOT NULL,
    name       TEXT NOT NULL,
    withdrawn  BOOLEAN NOT NULL,
    product    TEXT NOT NULL,
    starts     BIGINT NOT NULL,
    ends       BIGINT NOT NULL,
    skus       TEXT NOT NULL,
    properties TEXT NOT NULL,
    resources  TEXT NOT NULL,
    recorded   BIGINT NOT NULL,
    seal       BIGINT NOT NULL,
    PRIMARY KEY (cloud, number)
) {keyed};

CREATE UNIQUE INDEX outage_name ON outage (cloud, name, withdrawn);

-- The newest report that an account's lines know of, as `version` is for configurations.
ALTER TABLE account_state ADD COLUMN outage BIGINT NOT NULL DEFAULT 0;
