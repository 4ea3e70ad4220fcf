#pragma once
/// Tells when the configuration in the store changed, whichever process did it: within 1 s, usually at once.
///
/// SQLite: PRAGMA data_version every `poll`, then the revision. PostgreSQL: LISTEN, with the revision read every `poll` behind
/// it, and reconnection when the server went away. A store that can't be reached is logged once, and again when it is back.

#include <cstdint>
#include <functional>
#include <memory>

#include "store/database.hpp"

namespace sluice::store {

class Watcher {
 public:
  /// Called on the watcher's own thread with the new revision; must not throw.
  using OnChange = std::function<void(std::int64_t revision)>;
  static constexpr Milliseconds poll{250};

  Watcher(Database& database, std::int64_t known_revision, OnChange on_change);
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  /// Stops and joins.
  ~Watcher();

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

/// Of the configuration; grows by one with every transaction that touched it.
[[nodiscard]] std::int64_t revision(Transaction& transaction);

}  // namespace sluice::store
