#include "store/activity.hpp"

#include <fmt/format.h>

#include <iterator>
#include <map>
#include <utility>

#include "store/statement.hpp"

namespace sluice::store {

namespace {

KeyActivity activity_of(const Row& row) {
  return {.key = row.text("key_id"),
          .first_used = row.optional_time("first_used_at"),
          .last_used = row.optional_time("last_used_at")};
}

/// A trip to the server for each key would hold up the other writers for seconds.
constexpr std::size_t keys_of_a_batch = 200;

void note_batch(Transaction& transaction, const std::vector<const KeyActivity*>& keys) {
  std::string rows;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    fmt::format_to(std::back_inserter(rows),
                   "{}(:key{}, CAST(:first{} AS BIGINT), CAST(:last{} AS BIGINT))",
                   i == 0 ? "" : ", ", i, i, i);
  }
  // A comparison with NULL is not true: what is there then stays.
  Statement statement(
      transaction,
      "WITH used (key_id, first_at, last_at) AS (VALUES " + rows +
          ") INSERT INTO key_activity (key_id, first_used_at, last_used_at) "
          "SELECT keys.id, used.first_at, used.last_at FROM used JOIN keys ON keys.id = "
          "used.key_id "
          "WHERE 1 = 1 ON CONFLICT (key_id) DO UPDATE SET "
          "first_used_at = CASE WHEN key_activity.first_used_at IS NULL "
          "OR excluded.first_used_at < key_activity.first_used_at THEN excluded.first_used_at "
          "ELSE key_activity.first_used_at END, "
          "last_used_at = CASE WHEN key_activity.last_used_at IS NULL "
          "OR excluded.last_used_at > key_activity.last_used_at THEN excluded.last_used_at "
          "ELSE key_activity.last_used_at END");
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string number = std::to_string(i);
    statement.text("key" + number, keys[i]->key)
        .time("first" + number, keys[i]->first_used)
        .time("last" + number, keys[i]->last_used);
  }
  statement.run();
}

}  // namespace

void Activity::note(const std::vector<KeyActivity>& keys) {
  // One statement may meet a row once only.
  std::map<std::string_view, KeyActivity> merged;
  for (const KeyActivity& key : keys) {
    KeyActivity& all = merged.try_emplace(key.key, key).first->second;
    if (key.first_used && (!all.first_used || *key.first_used < *all.first_used)) {
      all.first_used = key.first_used;
    }
    if (key.last_used && (!all.last_used || *key.last_used > *all.last_used)) {
      all.last_used = key.last_used;
    }
  }
  std::vector<const KeyActivity*> batch;
  for (const auto& [id, key] : merged) {
    batch.push_back(&key);
    if (batch.size() == keys_of_a_batch) note_batch(transaction_, std::exchange(batch, {}));
  }
  if (!batch.empty()) note_batch(transaction_, batch);
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

}  // namespace sluice::store
