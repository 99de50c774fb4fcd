-- Who may use the consoles. Working state, and with `contact` and `member` all that is known of people: whoever is erased leaves nothing here.

-- A customer's people are of one cloud, and `person` is what its members and wallets call them; what they may do stands in `member`.
-- Operators have a role of their own here; cloud is empty for those of every cloud. password: empty until one is chosen. totp: the secret
-- that an authenticator has; totp_new: one that is not confirmed yet. totp_step: the last code that was used.
CREATE TABLE person (
    id        BYTEA NOT NULL PRIMARY KEY,
    cloud     TEXT NOT NULL,
    operator  BOOLEAN NOT NULL,
    person    TEXT NOT NULL,
    email     TEXT NOT NULL,
    name      TEXT NOT NULL,
    language  TEXT NOT NULL,
    role      TEXT NOT NULL,
    password  TEXT NOT NULL,
    totp      BYTEA,
    totp_new  BYTEA,
    totp_step BIGINT,
    made      BIGINT NOT NULL,
    signed_in BIGINT
) {keyed};

CREATE UNIQUE INDEX person_by_email ON person (cloud, email) WHERE NOT operator;
CREATE UNIQUE INDEX person_by_name ON person (cloud, person) WHERE NOT operator;
CREATE UNIQUE INDEX operator_by_email ON person (email) WHERE operator;
CREATE INDEX person_by_cloud ON person (cloud, id);
CREATE INDEX member_by_person ON member (person);

-- Of codes for whoever has lost their authenticator, hashes: each is good once.
CREATE TABLE recovery_code (
    person BYTEA NOT NULL,
    hash   BYTEA NOT NULL,
    PRIMARY KEY (person, hash)
) {keyed};

-- Who is signed in, by what a browser holds, of which a hash is kept. person: none where the cloud's own portal vouches for somebody (who) in
-- one account, in a role. proven: the second factor was shown, or there is none. agent: what the browser says of itself.
CREATE TABLE session (
    id       BYTEA NOT NULL PRIMARY KEY,
    hash     BYTEA NOT NULL,
    cloud    TEXT NOT NULL,
    person   BYTEA,
    who      TEXT NOT NULL,
    account  BIGINT NOT NULL,
    role     TEXT NOT NULL,
    language TEXT NOT NULL,
    proven   BOOLEAN NOT NULL,
    agent    TEXT NOT NULL,
    made     BIGINT NOT NULL,
    seen     BIGINT NOT NULL
) {hot};

CREATE INDEX session_by_person ON session (person, id) WHERE person IS NOT NULL;
CREATE INDEX session_by_account ON session (cloud, account, who) WHERE account <> 0;
CREATE INDEX session_by_time ON session (made);

-- Links that are good once: to enter (as a session is), to accept an invitation, to choose another password. Used ones are gone.
CREATE TABLE person_link (
    id        BYTEA NOT NULL PRIMARY KEY,
    hash      BYTEA NOT NULL,
    purpose   TEXT NOT NULL,
    cloud     TEXT NOT NULL,
    person    BYTEA,
    who       TEXT NOT NULL,
    account   BIGINT NOT NULL,
    role      TEXT NOT NULL,
    language  TEXT NOT NULL,
    return_to TEXT NOT NULL,
    made      BIGINT NOT NULL,
    expires   BIGINT NOT NULL
) {keyed};

CREATE INDEX person_link_by_person ON person_link (person) WHERE person IS NOT NULL;
CREATE INDEX person_link_by_time ON person_link (expires);

-- Tries to sign in: of a person or an address, whose hash is the key, how many were wrong and when the last was.
CREATE TABLE sign_in_try (
    subject BYTEA NOT NULL PRIMARY KEY,
    wrong   BIGINT NOT NULL,
    last    BIGINT NOT NULL
) {hot};

CREATE INDEX sign_in_try_by_time ON sign_in_try (last);
