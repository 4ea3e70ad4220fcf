#pragma once
/// Where a Watcher hears of changes: a connection of its own, apart from those of the Database.

#include <cstdint>
#include <memory>

#include "store/database.hpp"

namespace sluice::store {

class Changes {
 public:
  virtual ~Changes() = default;
  /// The revision, after a sign that something changed, or after `wait` without one; the first time at once. Reconnects where
  /// it must. Errors  cancelled as soon as `stop` is readable; whatever keeps it from the store.
  [[nodiscard]] virtual Result<std::int64_t> next(int stop, Milliseconds wait) = 0;
};

[[nodiscard]] Result<std::unique_ptr<Changes>> make_sqlite_changes(const DatabaseOptions& options);
[[nodiscard]] Result<std::unique_ptr<Changes>> make_postgresql_changes(
    const DatabaseOptions& options);

/// Until `file` (-1: none) is ready for `events`, or `stop` is readable, or time is up.
enum class Waited : std::uint8_t { ready, stopped, timed_out };
[[nodiscard]] Waited wait_for(int file, short events, int stop, Milliseconds wait);

}  // namespace sluice::store
