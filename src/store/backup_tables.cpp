#include "store/backup_tables.hpp"

#include <array>

namespace sluice::store {

const std::vector<BackupTable>& backup_tables() {
  static const std::vector<BackupTable> tables = {
      {.name = "users", .key = {"id"}},
      {.name = "accounts", .key = {"id"}},
      {.name = "pools", .key = {"id"}},
      {.name = "keys", .key = {"id"}},
      {.name = "tokens", .key = {"id"}},
      {.name = "key_secrets", .key = {"hash"}},
      {.name = "token_secrets", .key = {"hash"}},
      {.name = "sealed_secrets", .key = {"owner", "name"}},
      {.name = "key_activity", .key = {"key_id"}},
      {.name = "account_rests", .key = {"account_id", "model"}},
      {.name = "audit", .key = {"id"}},
      {.name = "attempts", .key = {"subject"}},
      {.name = "properties", .key = {"name"}},
      {.name = "resource_pins", .key = {"resource"}},
  };
  return tables;
}

std::span<const std::string_view> tables_without_backup() {
  static constexpr std::array<std::string_view, 7> tables = {
      "account_lifts",    // a word to processes that run now
      "account_figures",  // of those
      "nodes",            // likewise
      "sessions",         // who signed out since the backup stays signed out
      "leases",           // of processes that run now
      "revision",         // goes on from where this store is, so that every watcher is told
      "migrations",       // the head of a backup says which there were
  };
  return tables;
}

}  // namespace sluice::store
