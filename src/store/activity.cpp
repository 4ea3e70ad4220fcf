#include "store/activity.hpp"

#include "store/statement.hpp"

namespace sluice::store {

namespace {

KeyActivity activity_of(const Row& row) {
  return {.key = row.text("key_id"),
          .first_used = row.optional_time("first_used_at"),
          .last_used = row.optional_time("last_used_at")};
}

AccountState state_of(const Row& row) {
  return {.account = row.text("account_id"),
          .state = row.text("state"),
          .reason = row.text("reason"),
          .since = row.time("since")};
}

}  // namespace

void Activity::note(const std::vector<KeyActivity>& keys) {
  for (const KeyActivity& key : keys) {
    // A comparison with NULL is not true: what is there then stays.
    Statement(transaction_,
              "INSERT INTO key_activity (key_id, first_used_at, last_used_at) "
              "SELECT id, CAST(:first AS BIGINT), CAST(:last AS BIGINT) FROM keys WHERE id = :key "
              "ON CONFLICT (key_id) DO UPDATE SET first_used_at = CASE WHEN "
              "key_activity.first_used_at IS NULL "
              "OR excluded.first_used_at < key_activity.first_used_at THEN excluded.first_used_at "
              "ELSE key_activity.first_used_at END, last_used_at = CASE WHEN "
              "key_activity.last_used_at IS NULL "
              "OR excluded.last_used_at > key_activity.last_used_at THEN excluded.last_used_at "
              "ELSE key_activity.last_used_at END")
        .time("first", key.first_used)
        .time("last", key.last_used)
        .text("key", key.key)
        .run();
  }
}

std::vector<KeyActivity> Activity::keys() {
  Statement statement(
      transaction_, "SELECT key_id, first_used_at, last_used_at FROM key_activity ORDER BY key_id");
  return collect(statement, activity_of);
}

std::optional<KeyActivity> Activity::of_key(std::string_view id) {
  Statement statement(
      transaction_,
      "SELECT key_id, first_used_at, last_used_at FROM key_activity WHERE key_id = :id");
  return first(statement.text("id", id), activity_of);
}

void Activity::set_account_state(const AccountState& state) {
  Statement(
      transaction_,
      "INSERT INTO account_states (account_id, state, reason, since) VALUES (:account, :state, "
      ":reason, :since) "
      "ON CONFLICT (account_id) DO UPDATE SET state = excluded.state, reason = excluded.reason, "
      "since = excluded.since")
      .text("account", state.account)
      .text("state", state.state)
      .text("reason", state.reason)
      .time("since", state.since)
      .run();
}

void Activity::clear_account_state(std::string_view account) {
  Statement(transaction_, "DELETE FROM account_states WHERE account_id = :account")
      .text("account", account)
      .run();
}

std::vector<AccountState> Activity::account_states() {
  Statement statement(
      transaction_,
      "SELECT account_id, state, reason, since FROM account_states ORDER BY account_id");
  return collect(statement, state_of);
}

}  // namespace sluice::store
