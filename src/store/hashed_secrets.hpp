#pragma once
/// The secrets we only recognise: client keys and admin tokens, as SHA-256 of 256 random bits. Several may be valid for one
/// owner while it is rotated.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.hpp"
#include "store/objects.hpp"

namespace sluice::store {

struct HashedSecret {
  Sha256 hash{};
  std::string owner;      // id of the key or token
  std::string hint = {};  // "...last4"
  WallTime created;
  std::optional<WallTime> valid_until = {};  // of the old one, during a rotation
};

class HashedSecrets {
 public:
  /// `kind` key or token.
  HashedSecrets(Transaction& transaction, Kind kind) : transaction_(transaction), kind_(kind) {}
  /// Errors  already_exists.
  [[nodiscard]] Status insert(const HashedSecret& secret);
  /// Those of `owner` that have no end yet get this one.
  void end(std::string_view owner, WallTime valid_until);
  /// Drops those of `owner` that ended by `now`; nullopt: all of them.
  void drop(std::string_view owner, std::optional<WallTime> now);
  [[nodiscard]] std::vector<HashedSecret> of(std::string_view owner);
  [[nodiscard]] std::vector<HashedSecret> all();
  [[nodiscard]] std::optional<HashedSecret> find(const Sha256& hash);

 private:
  Transaction& transaction_;
  Kind kind_;
};

}  // namespace sluice::store
