#pragma once
/// What the running servers see of the accounts. Each server has a row that says when it was there last; its figures count
/// for as long as that is recent, so that a server at rest writes next to nothing.

#include <string>
#include <string_view>
#include <vector>

#include "store/transaction.hpp"

namespace sluice::store {

struct AccountFigures {
  std::string account;  // id
  std::string node;     // id of the process
  std::string figures;  // JSON object
};

class AccountFigureTable {
 public:
  /// Whoever wasn't seen for so long isn't there.
  static constexpr std::chrono::seconds stale_after{15};
  /// And is forgotten.
  static constexpr std::chrono::hours forgotten_after{1};

  explicit AccountFigureTable(Transaction& transaction) : transaction_(transaction) {}

  /// The server `node` is here; those that were not for long are forgotten.
  void seen(std::string_view node, std::string_view name, WallTime now);
  void put(const std::vector<AccountFigures>& figures);
  void drop(std::string_view account, std::string_view node);
  /// The server stops: nothing of it remains.
  void leave(std::string_view node);
  /// Those of servers that are there.
  [[nodiscard]] std::vector<AccountFigures> of(std::string_view account, WallTime now);
  [[nodiscard]] std::vector<AccountFigures> all(WallTime now);

 private:
  Transaction& transaction_;
};

}  // namespace sluice::store
