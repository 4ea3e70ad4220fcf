#pragma once
/// The number that says whether the configuration changed.

#include "store/transaction.hpp"

namespace sluice::store {

/// What PostgreSQL tells its listeners on.
inline constexpr const char* revision_channel = "sluice_revision";

/// With the commit, every Watcher is told.
void bump_revision(Transaction& transaction);

}  // namespace sluice::store
