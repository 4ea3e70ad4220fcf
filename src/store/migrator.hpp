#pragma once
/// Brings the tables up to what this program knows: the numbered files of migrations/, each once, each in a transaction with
/// its row in `migrations`. Several processes may do this at once, and any of them may be killed: the next one goes on.
///
/// Errors   invalid_config: the store was made by a newer program, or a migration that was applied has changed since.

#include <span>
#include <string_view>

#include "store/database.hpp"

namespace sluice::store {

struct Migration {
  int number = 0;  // from 1, without gaps
  std::string_view name;
  std::string_view sql;  // see migrations/README.md
};

/// All that this program knows.
[[nodiscard]] std::span<const Migration> migrations();

[[nodiscard]] Status migrate(Database& database, std::span<const Migration> known);

/// Of the last one that was applied; 0: none.
[[nodiscard]] int schema_number(Transaction& transaction);
/// Runs one in the caller's transaction and writes its row.
void apply(Transaction& transaction, const Migration& migration);

}  // namespace sluice::store
