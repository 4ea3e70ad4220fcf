#pragma once
/// What use leaves behind, apart from what an operator wrote: it is never part of an object's version.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/transaction.hpp"

namespace sluice::store {

struct KeyActivity {
  std::string key;  // id
  std::optional<WallTime> first_used;
  std::optional<WallTime> last_used;
};

class Activity {
 public:
  explicit Activity(Transaction& transaction) : transaction_(transaction) {}
  /// The earliest first use and the latest last use win, whatever the order of the calls; unknown keys are passed over.
  void note(const std::vector<KeyActivity>& keys);
  [[nodiscard]] std::vector<KeyActivity> keys();
  [[nodiscard]] std::optional<KeyActivity> of_key(std::string_view id);

 private:
  Transaction& transaction_;
};

}  // namespace sluice::store
