#pragma once
/// Single values of the whole installation, and leases that one process at a time may hold.

#include <optional>
#include <string>
#include <string_view>

#include "store/transaction.hpp"

namespace sluice::store {

class Properties {
 public:
  explicit Properties(Transaction& transaction) : transaction_(transaction) {}
  [[nodiscard]] std::optional<std::string> find(std::string_view name);
  void put(std::string_view name, std::string_view value);
  void drop(std::string_view name);

 private:
  Transaction& transaction_;
};

class Leases {
 public:
  explicit Leases(Transaction& transaction) : transaction_(transaction) {}
  /// True: `holder` has it until `until`, anew or still. False: somebody else does.
  [[nodiscard]] bool take(std::string_view name, std::string_view holder, WallTime now,
                          WallTime until);
  void release(std::string_view name, std::string_view holder);

 private:
  Transaction& transaction_;
};

}  // namespace sluice::store
