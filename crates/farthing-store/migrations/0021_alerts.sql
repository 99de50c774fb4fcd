-- What an account is warned of. low_balance, runway_days, month_cost: its own words; none: the policy's, below zero: it does not want to be
-- told. armed: it has had its threshold since it was told last. runway_told: when it was told last. month: since when month_sum counts what
-- was sealed of that month; month_told: of which limit it was told in it.
CREATE TABLE alert (
    account     BIGINT NOT NULL PRIMARY KEY,
    low_balance BIGINT,
    runway_days BIGINT,
    month_cost  BIGINT,
    armed       BIGINT NOT NULL,
    runway_told BIGINT,
    month       BIGINT,
    month_sum   BIGINT NOT NULL,
    month_told  BIGINT
) {hot};
