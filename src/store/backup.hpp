#pragma once
/// A whole store as one file, the same for both engines: JSON lines, a table after the other, with a head (format, schema,
/// time) and a tail (rows, SHA-256). Taken in one transaction while servers run; read back all or not at all. Secrets in it
/// are as sealed as in the store: without the master key file they are lost.

#include <cstdint>
#include <functional>
#include <string>

#include "store/database.hpp"

namespace sluice::store {

struct BackupFigures {
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  int schema = 0;
};
using Progress = std::function<void(const BackupFigures&)>;  // now and then

/// Beside `path` first, then renamed: a backup that stands under its name is whole. 0600. Errors  io, store_unavailable;
/// already_exists when there is such a file.
[[nodiscard]] Result<BackupFigures> back_up(Database& database, const std::string& path,
                                            const Progress& progress);

enum class Over : std::uint8_t { empty_store_only, anything };
/// Reads it all before it changes anything. Older schemas are brought up to date. Errors  invalid_config (no backup, cut,
/// altered, or of a newer version), already_exists (the store isn't empty), io, store_unavailable.
[[nodiscard]] Result<BackupFigures> restore(Database& database, const std::string& path, Over over,
                                            const Progress& progress);

}  // namespace sluice::store
