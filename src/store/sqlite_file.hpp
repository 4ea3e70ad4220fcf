#pragma once
/// Where an SQLite store lies, and that it lies there with the right permissions.

#include <string>

#include "store/database.hpp"

namespace sluice::store {

/// The path that "sqlite://" or "sqlite://PATH" names; absolute, or from "./". Errors  invalid_config.
[[nodiscard]] Result<std::string> sqlite_path(const DatabaseOptions& options);

/// Missing folders with 0700, a missing file with 0600. Errors  io.
[[nodiscard]] Status make_sqlite_file(const std::string& path);

}  // namespace sluice::store
