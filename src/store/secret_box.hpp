#pragma once
/// Secrets in the store, opened: SealedSecrets under the keyring of the master key file. The associated data of each is
/// "OWNER/NAME", so that a ciphertext can't be moved to another row or field.
///
/// Thread   any. A secret sealed with a key that the keyring doesn't know makes it read the file again: another process may
///          have rotated.

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/seal.hpp"
#include "store/sealed_secrets.hpp"

namespace sluice::store {

struct OpenedSecret {
  std::string owner;
  std::string name;
  Secret secret;
  std::string hint;
  std::optional<WallTime> expires;
};

class SecretBox {
 public:
  /// Creates the master key file unless it is there, or the store already holds secrets: a new key would open none of them.
  /// Errors  invalid_config, not_found, io: as base/master_key.hpp.
  [[nodiscard]] static Result<std::unique_ptr<SecretBox>> open(Database& database,
                                                               std::string master_key_file);
  SecretBox(const SecretBox&) = delete;
  SecretBox& operator=(const SecretBox&) = delete;

  /// Replaces the one of this owner and name.
  [[nodiscard]] Status put(Transaction& transaction, std::string_view owner, std::string_view name,
                           const Secret& secret, WallTime now,
                           std::optional<WallTime> expires = {});
  /// Errors  invalid_config: sealed with a key that isn't in the file, or altered.
  [[nodiscard]] Result<std::optional<OpenedSecret>> find(Transaction& transaction,
                                                         std::string_view owner,
                                                         std::string_view name);
  [[nodiscard]] Result<OpenedSecret> open(const SealedSecret& sealed);

  /// `sluice secrets rotate`: a new key in the file, everything sealed with it, the old keys gone from the file. Killed in
  /// between, every secret is still readable, and the next rotation finishes it. Gives how many secrets were sealed anew.
  [[nodiscard]] Result<std::int64_t> rotate(Database& database);

 private:
  SecretBox(std::string file, Keyring keyring)
      : file_(std::move(file)), keyring_(std::move(keyring)) {}
  [[nodiscard]] Keyring keyring() const;
  /// One that opens, or may seal, what another process's key is needed for: read again if need be.
  [[nodiscard]] Result<Keyring> keyring_that(const std::function<bool(const Keyring&)>& suffices);
  void use(Keyring keyring);

  const std::string file_;
  mutable std::mutex mutex_;
  Keyring keyring_;
};

}  // namespace sluice::store
