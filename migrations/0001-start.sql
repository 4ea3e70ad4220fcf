-- What an operator manages. A table a kind, all alike: what is searched by is a column, the rest is one JSON document.

CREATE TABLE users (
  id {{text}} PRIMARY KEY,
  name {{text}} NOT NULL,
  owner {{text}},
  version BIGINT NOT NULL,
  document {{text}} NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  removed_at BIGINT
);
CREATE UNIQUE INDEX users_name ON users (name) WHERE removed_at IS NULL;

CREATE TABLE accounts (
  id {{text}} PRIMARY KEY,
  name {{text}} NOT NULL,
  owner {{text}} REFERENCES users (id) ON DELETE SET NULL,
  version BIGINT NOT NULL,
  document {{text}} NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  removed_at BIGINT
);
CREATE UNIQUE INDEX accounts_name ON accounts (name) WHERE removed_at IS NULL;

CREATE TABLE pools (
  id {{text}} PRIMARY KEY,
  name {{text}} NOT NULL,
  owner {{text}} REFERENCES users (id) ON DELETE SET NULL,
  version BIGINT NOT NULL,
  document {{text}} NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  removed_at BIGINT
);
CREATE UNIQUE INDEX pools_name ON pools (name) WHERE removed_at IS NULL;

-- A key or token may do what its owner may: it goes with the owner.
CREATE TABLE keys (
  id {{text}} PRIMARY KEY,
  name {{text}} NOT NULL,
  owner {{text}} REFERENCES users (id) ON DELETE CASCADE,
  version BIGINT NOT NULL,
  document {{text}} NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  removed_at BIGINT
);
CREATE UNIQUE INDEX keys_name ON keys (name) WHERE removed_at IS NULL;
CREATE INDEX keys_owner ON keys (owner);

CREATE TABLE tokens (
  id {{text}} PRIMARY KEY,
  name {{text}} NOT NULL,
  owner {{text}} REFERENCES users (id) ON DELETE CASCADE,
  version BIGINT NOT NULL,
  document {{text}} NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  removed_at BIGINT
);
CREATE UNIQUE INDEX tokens_name ON tokens (name) WHERE removed_at IS NULL;
CREATE INDEX tokens_owner ON tokens (owner);

-- Secrets that are only recognised.

CREATE TABLE key_secrets (
  hash {{text}} PRIMARY KEY,
  owner {{text}} NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
  hint {{text}} NOT NULL,
  created_at BIGINT NOT NULL,
  valid_until BIGINT
);
CREATE INDEX key_secrets_owner ON key_secrets (owner);

CREATE TABLE token_secrets (
  hash {{text}} PRIMARY KEY,
  owner {{text}} NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
  hint {{text}} NOT NULL,
  created_at BIGINT NOT NULL,
  valid_until BIGINT
);
CREATE INDEX token_secrets_owner ON token_secrets (owner);

-- Secrets that are given back. The owner is an account or a user, so no foreign key stands here.
CREATE TABLE sealed_secrets (
  owner {{text}} NOT NULL,
  name {{text}} NOT NULL,
  sealed {{text}} NOT NULL,
  hint {{text}} NOT NULL,
  updated_at BIGINT NOT NULL,
  expires_at BIGINT,
  PRIMARY KEY (owner, name)
);

-- What use leaves behind.

CREATE TABLE key_activity (
  key_id {{text}} PRIMARY KEY REFERENCES keys (id) ON DELETE CASCADE,
  first_used_at BIGINT,
  last_used_at BIGINT
);

-- Also of accounts that only the configuration file names, so no foreign key stands here.
CREATE TABLE account_states (
  account_id {{text}} PRIMARY KEY,
  state {{text}} NOT NULL,
  reason {{text}} NOT NULL,
  since BIGINT NOT NULL
);

CREATE TABLE audit (
  id {{text}} PRIMARY KEY,
  at BIGINT NOT NULL,
  actor {{text}} NOT NULL,
  actor_name {{text}} NOT NULL,
  peer {{text}} NOT NULL,
  action {{text}} NOT NULL,
  kind {{text}} NOT NULL,
  object {{text}} NOT NULL,
  object_name {{text}} NOT NULL,
  state_before {{text}} NOT NULL,
  state_after {{text}} NOT NULL
);
CREATE INDEX audit_object ON audit (object, id);
CREATE INDEX audit_actor ON audit (actor, id);

-- People who are signed in, and attempts to become so.

CREATE TABLE sessions (
  token {{text}} PRIMARY KEY,
  user_id {{text}} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  peer {{text}} NOT NULL,
  user_agent {{text}} NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE attempts (
  subject {{text}} PRIMARY KEY,
  failures BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  blocked_until BIGINT
);

-- Of the whole installation.

CREATE TABLE properties (
  name {{text}} PRIMARY KEY,
  value {{text}} NOT NULL
);

CREATE TABLE leases (
  name {{text}} PRIMARY KEY,
  holder {{text}} NOT NULL,
  valid_until BIGINT NOT NULL
);

CREATE TABLE revision (
  one BIGINT PRIMARY KEY CHECK (one = 1),
  number BIGINT NOT NULL
);
INSERT INTO revision (one, number) VALUES (1, 0);
