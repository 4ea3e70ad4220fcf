#include "store/properties.hpp"

#include "store/statement.hpp"

namespace sluice::store {

std::optional<std::string> Properties::find(std::string_view name) {
  Statement statement(transaction_, "SELECT value FROM properties WHERE name = :name");
  return first(statement.text("name", name), [](const Row& row) { return row.text("value"); });
}

void Properties::put(std::string_view name, std::string_view value) {
  Statement(transaction_,
            "INSERT INTO properties (name, value) VALUES (:name, :value) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value")
      .text("name", name)
      .text("value", value)
      .run();
}

void Properties::drop(std::string_view name) {
  Statement(transaction_, "DELETE FROM properties WHERE name = :name").text("name", name).run();
}

bool Leases::take(std::string_view name, std::string_view holder, WallTime now, WallTime until) {
  return Statement(transaction_,
                   "INSERT INTO leases (name, holder, valid_until) VALUES (:name, :holder, :until) "
                   "ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, valid_until = "
                   "excluded.valid_until "
                   "WHERE leases.holder = excluded.holder OR leases.valid_until <= :now")
             .text("name", name)
             .text("holder", holder)
             .time("until", until)
             .time("now", now)
             .run() == 1;
}

void Leases::release(std::string_view name, std::string_view holder) {
  Statement(transaction_, "DELETE FROM leases WHERE name = :name AND holder = :holder")
      .text("name", name)
      .text("holder", holder)
      .run();
}

}  // namespace sluice::store
