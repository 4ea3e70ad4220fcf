-- Resources of a provider that live on one account: which account that is. Accounts may be the configuration file's, so no
-- foreign key stands here. `number` grows with every row that is written: who has read up to one asks for those above it.

CREATE TABLE resource_pins (
  resource {{text}} PRIMARY KEY,
  account_id {{text}} NOT NULL,
  valid_until BIGINT NOT NULL,
  number BIGINT NOT NULL
);
CREATE UNIQUE INDEX resource_pins_number ON resource_pins (number);
