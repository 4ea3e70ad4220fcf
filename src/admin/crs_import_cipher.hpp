#pragma once
/// The secrets of claude-relay-service (CRS), opened with its ENCRYPTION_KEY.
///
/// Sealed    "IV:CIPHERTEXT" in hex, AES-256-CBC. The key is scrypt(ENCRYPTION_KEY, a salt of the kind of account, N 16384, r 8,
///           p 1); of Bedrock it is SHA-256(ENCRYPTION_KEY), with {"iv", "encrypted"} in place of the text.
/// Source    github.com/Wei-Shaw/claude-relay-service, src/services/*AccountService.js, read 2026-11-24.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace sluice::admin {

/// "0f3a...:9b2c...": as far as the form tells.
[[nodiscard]] bool is_crs_sealed(std::string_view text);

class CrsCipher {
 public:
  explicit CrsCipher(Secret encryption_key) : encryption_key_(std::move(encryption_key)) {}

  [[nodiscard]] bool has_key() const { return !encryption_key_.empty(); }
  /// nullopt: not sealed so, or with another key. CBC has no tag: what opens to anything but printable text counts as that.
  [[nodiscard]] std::optional<Secret> open(std::string_view sealed, std::string_view salt);
  [[nodiscard]] std::optional<Secret> open_bedrock(std::string_view iv_hex,
                                                   std::string_view ciphertext_hex) const;

 private:
  [[nodiscard]] const Secret& key_for(std::string_view salt);

  Secret encryption_key_;
  std::map<std::string, Secret, std::less<>> keys_;  // by salt: scrypt is slow on purpose
};

}  // namespace sluice::admin
