#pragma once
/// Which account a provider's resource (a container) lives on. Bookkeeping: it makes no new snapshot, and other servers
/// ask for what is new by its number.

#include <cstdint>
#include <string>
#include <vector>

#include "store/transaction.hpp"

namespace sluice::store {

struct ResourcePin {
  std::string resource;  // the provider's id of it
  std::string account;   // id
  WallTime until;
};

class ResourcePins {
 public:
  explicit ResourcePins(Transaction& transaction) : transaction_(transaction) {}
  /// Of two ends the later one holds, with its account.
  void put(const std::vector<ResourcePin>& pins);
  /// Of the last pin that was written; 0: there is none. Lower than it was: a backup was put back.
  [[nodiscard]] std::int64_t number();
  /// Those written after `number`, the last ones first, `most` of them.
  [[nodiscard]] std::vector<ResourcePin> after(std::int64_t number, std::size_t most);
  [[nodiscard]] std::vector<ResourcePin> all();
  /// Forgets those that have ended, and all but the last `most` that were written.
  void expire(WallTime now, std::size_t most);

 private:
  Transaction& transaction_;
};

}  // namespace sluice::store
