-- How accounts are.

-- What rests and must still do so after a restart. Also of accounts that only the configuration file names, so no foreign key
-- stands here. An empty model: the whole account. No end: until someone acts.
CREATE TABLE account_rests (
  account_id {{text}} NOT NULL,
  model {{text}} NOT NULL,
  state {{text}} NOT NULL,
  rule {{text}} NOT NULL,
  reason {{text}} NOT NULL,
  since BIGINT NOT NULL,
  ends_at BIGINT,
  level BIGINT NOT NULL,
  PRIMARY KEY (account_id, model)
);
INSERT INTO account_rests (account_id, model, state, rule, reason, since, ends_at, level)
  SELECT account_id, '', state, CASE state WHEN 'unauthorized' THEN 'unauthorized' ELSE 'forbidden' END, reason, since, NULL, 0
  FROM account_states;
DROP TABLE account_states;

-- Grows by one each time an operator forgives an account. Running servers compare it with what they knew.
CREATE TABLE account_lifts (
  account_id {{text}} PRIMARY KEY,
  number BIGINT NOT NULL,
  at BIGINT NOT NULL
);

-- Servers that run, and what each of them sees of the accounts: one JSON document.
CREATE TABLE nodes (
  id {{text}} PRIMARY KEY,
  name {{text}} NOT NULL,
  seen_at BIGINT NOT NULL
);
CREATE TABLE account_figures (
  account_id {{text}} NOT NULL,
  node {{text}} NOT NULL,
  figures {{text}} NOT NULL,
  PRIMARY KEY (account_id, node)
);
