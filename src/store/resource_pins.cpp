#include "store/resource_pins.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <span>
#include <string_view>

#include "store/statement.hpp"

namespace sluice::store {

namespace {

/// So few bound values that any build of SQLite takes them.
constexpr std::size_t pins_of_a_batch = 200;

ResourcePin pin_of(const Row& row) {
  return {.resource = row.text("resource"),
          .account = row.text("account_id"),
          .until = row.time("valid_until")};
}

void put_batch(Transaction& transaction, std::span<const ResourcePin* const> pins,
               std::int64_t number) {
  std::string rows;
  for (std::size_t i = 0; i < pins.size(); ++i) {
    fmt::format_to(std::back_inserter(rows), "{}(:resource{}, :account{}, :until{}, :number{})",
                   i == 0 ? "" : ", ", i, i, i, i);
  }
  Statement statement(transaction,
                      "INSERT INTO resource_pins (resource, account_id, valid_until, number) "
                      "VALUES " +
                          rows +
                          " ON CONFLICT (resource) DO UPDATE SET account_id = excluded.account_id, "
                          "valid_until = excluded.valid_until, number = excluded.number "
                          "WHERE excluded.valid_until >= resource_pins.valid_until");
  for (std::size_t i = 0; i < pins.size(); ++i) {
    const std::string which = std::to_string(i);
    statement.text("resource" + which, pins[i]->resource)
        .text("account" + which, pins[i]->account)
        .time("until" + which, pins[i]->until)
        .number("number" + which, ++number);
  }
  statement.run();
}

}  // namespace

void ResourcePins::put(const std::vector<ResourcePin>& pins) {
  // One statement may meet a row once only.
  std::map<std::string_view, const ResourcePin*> latest;
  for (const ResourcePin& pin : pins) {
    const ResourcePin*& known = latest.try_emplace(pin.resource, &pin).first->second;
    if (pin.until >= known->until) known = &pin;
  }
  std::vector<const ResourcePin*> all;
  for (const auto& [resource, pin] : latest) all.push_back(pin);
  std::int64_t last = number();
  for (std::span<const ResourcePin* const> rest = all; !rest.empty();) {
    const auto batch = rest.first(std::min(rest.size(), pins_of_a_batch));
    put_batch(transaction_, batch, last);
    last += static_cast<std::int64_t>(batch.size());
    rest = rest.subspan(batch.size());
  }
}

std::int64_t ResourcePins::number() {
  return Statement(transaction_, "SELECT COALESCE(MAX(number), 0) FROM resource_pins")
      .one_number()
      .value_or(0);
}

std::vector<ResourcePin> ResourcePins::after(std::int64_t number, std::size_t most) {
  Statement statement(transaction_,
                      "SELECT resource, account_id, valid_until FROM resource_pins "
                      "WHERE number > :number ORDER BY number DESC LIMIT :most");
  statement.number("number", number).number("most", static_cast<std::int64_t>(most));
  return collect(statement, pin_of);
}

std::vector<ResourcePin> ResourcePins::all() {
  return after(0, std::numeric_limits<std::int32_t>::max());
}

void ResourcePins::expire(WallTime now, std::size_t most) {
  // The last one stays, as the numbers go on from it.
  Statement(transaction_,
            "DELETE FROM resource_pins WHERE valid_until <= :now "
            "AND number < (SELECT MAX(number) FROM resource_pins)")
      .time("now", now)
      .run();
  Statement(transaction_,
            "DELETE FROM resource_pins WHERE number <= "
            "(SELECT number FROM resource_pins ORDER BY number DESC LIMIT 1 OFFSET :most)")
      .number("most", static_cast<std::int64_t>(most))
      .run();
}

}  // namespace sluice::store
