#pragma once
/// What a backup holds, and what it doesn't. A test compares this with the tables that there are.

#include <span>
#include <string_view>
#include <vector>

namespace sluice::store {

struct BackupTable {
  std::string_view name;
  std::vector<std::string_view> key;  // text columns; rows are read in their order
};

/// A table comes after those that it refers to.
[[nodiscard]] const std::vector<BackupTable>& backup_tables();

/// Made anew by a restore, and empty then.
[[nodiscard]] std::span<const std::string_view> tables_without_backup();

}  // namespace sluice::store
