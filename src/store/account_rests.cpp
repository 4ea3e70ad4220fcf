#include "store/account_rests.hpp"

#include "store/statement.hpp"

namespace sluice::store {

namespace {

AccountRest rest_of(const Row& row) {
  return {.account = row.text("account_id"),
          .model = row.text("model"),
          .state = row.text("state"),
          .rule = row.text("rule"),
          .reason = row.text("reason"),
          .since = row.time("since"),
          .until = row.optional_time("ends_at"),
          .level = row.number("level")};
}

constexpr const char* select =
    "SELECT account_id, model, state, rule, reason, since, ends_at, level FROM account_rests ";

}  // namespace

void AccountRests::put(const AccountRest& rest) {
  Statement(transaction_,
            "INSERT INTO account_rests (account_id, model, state, rule, reason, since, ends_at, "
            "level) VALUES (:account, :model, :state, :rule, :reason, :since, :ends, :level) "
            "ON CONFLICT (account_id, model) DO UPDATE SET state = excluded.state, "
            "rule = excluded.rule, reason = excluded.reason, since = excluded.since, "
            "ends_at = excluded.ends_at, level = excluded.level")
      .text("account", rest.account)
      .text("model", rest.model)
      .text("state", rest.state)
      .text("rule", rest.rule)
      .text("reason", rest.reason)
      .time("since", rest.since)
      .time("ends", rest.until)
      .number("level", rest.level)
      .run();
}

void AccountRests::drop(const AccountRest& rest) {
  Statement(transaction_,
            "DELETE FROM account_rests WHERE account_id = :account AND model = :model AND state = "
            ":state")
      .text("account", rest.account)
      .text("model", rest.model)
      .text("state", rest.state)
      .run();
}

void AccountRests::drop_state(std::string_view account, std::string_view state) {
  Statement(transaction_,
            "DELETE FROM account_rests WHERE account_id = :account AND state = :state")
      .text("account", account)
      .text("state", state)
      .run();
}

void AccountRests::drop_all(std::string_view account) {
  Statement(transaction_, "DELETE FROM account_rests WHERE account_id = :account")
      .text("account", account)
      .run();
}

std::vector<AccountRest> AccountRests::of(std::string_view account) {
  Statement statement(transaction_,
                      std::string(select) + "WHERE account_id = :account ORDER BY model");
  return collect(statement.text("account", account), rest_of);
}

std::vector<AccountRest> AccountRests::all() {
  Statement statement(transaction_, std::string(select) + "ORDER BY account_id, model");
  return collect(statement, rest_of);
}

void AccountRests::lift(std::string_view account, WallTime now) {
  drop_all(account);
  Statement(transaction_,
            "INSERT INTO account_lifts (account_id, number, at) VALUES (:account, 1, :now) "
            "ON CONFLICT (account_id) DO UPDATE SET number = account_lifts.number + 1, "
            "at = excluded.at")
      .text("account", account)
      .time("now", now)
      .run();
}

std::map<std::string, std::int64_t> AccountRests::lifts() {
  std::map<std::string, std::int64_t> out;
  Statement(transaction_, "SELECT account_id, number FROM account_lifts").each([&](const Row& row) {
    out.emplace(row.text("account_id"), row.number("number"));
  });
  return out;
}

}  // namespace sluice::store
