#pragma once
/// The secrets we must give back: provider credentials, proxy passwords, TOTP seeds. They come sealed and leave sealed; what
/// opens them is not in the store (base/seal.hpp).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/transaction.hpp"

namespace sluice::store {

struct SealedSecret {
  std::string owner;      // id of an account or a user
  std::string name;       // "api_key", "refresh_token", "access_token", "proxy", "password", "totp"
  std::string sealed;     // bytes
  std::string hint = {};  // "...last4", or empty
  WallTime updated;
  std::optional<WallTime> expires = {};  // of access tokens
};

class SealedSecrets {
 public:
  explicit SealedSecrets(Transaction& transaction) : transaction_(transaction) {}
  /// Replaces the one of this owner and name.
  void put(const SealedSecret& secret);
  [[nodiscard]] std::optional<SealedSecret> find(std::string_view owner, std::string_view name);
  [[nodiscard]] std::vector<SealedSecret> of(std::string_view owner);
  [[nodiscard]] std::vector<SealedSecret> all();
  void drop(std::string_view owner, std::string_view name);
  void drop_all(std::string_view owner);

 private:
  Transaction& transaction_;
};

}  // namespace sluice::store
