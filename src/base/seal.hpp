#pragma once
/// What must be read back (provider credentials, proxy passwords, TOTP seeds) is stored sealed: XChaCha20-Poly1305 under a
/// key that isn't in the store (base/master_key.hpp), bound to the place it belongs to.
///
///     const std::string sealed = keyring.seal(api_key.reveal(), seal_context(account.id, "api_key"));
///     TRY(Secret api_key, keyring.open(sealed, seal_context(account.id, "api_key")));
///
/// Sealed  1 byte of format, 8 of the key's id, 24 of nonce, then the ciphertext and its 16-byte tag. The first nine and the
///         context are authenticated with it.
/// Errors  invalid_config; the message says what to do and never holds a byte of the secret.
/// Thread  any: all of this is immutable.
/// Source  draft-irtf-cfrg-xchacha-03, "AEAD_XChaCha20_Poly1305".

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/secret.hpp"

namespace sluice {

/// Owner and name make the place: a ciphertext moved to another row or field doesn't open there.
[[nodiscard]] std::string seal_context(std::string_view owner, std::string_view name);

/// 256 bits. Copies share one guarded page that isn't swapped (where the system lets us), isn't dumped, and is wiped.
class SealingKey {
 public:
  static constexpr std::size_t size = 32;
  /// Tells keys apart and says nothing about them.
  using Id = std::array<std::uint8_t, 8>;

  [[nodiscard]] static SealingKey generate();
  /// nullopt unless there are exactly `size`.
  [[nodiscard]] static std::optional<SealingKey> from_bytes(std::string_view bytes);

  [[nodiscard]] const Id& id() const { return id_; }
  [[nodiscard]] std::string id_text() const;  // 16 hex digits: for people, and for the store
  [[nodiscard]] std::string_view reveal() const;

  /// A fresh random nonce each time, so equal secrets look different.
  [[nodiscard]] std::string seal(std::string_view plaintext, std::string_view context) const;
  [[nodiscard]] Result<Secret> open(std::string_view sealed, std::string_view context) const;
  /// Whether it was sealed under this key, as far as its head tells.
  [[nodiscard]] bool sealed_here(std::string_view sealed) const;

 private:
  explicit SealingKey(std::shared_ptr<unsigned char> bytes);
  std::shared_ptr<unsigned char> bytes_;
  Id id_{};
};

/// The current key, and the older ones that still open what they sealed.
class Keyring {
 public:
  /// The current one first; at least one.
  explicit Keyring(std::vector<SealingKey> keys);

  [[nodiscard]] const std::vector<SealingKey>& keys() const { return keys_; }
  [[nodiscard]] const SealingKey& current() const { return keys_.front(); }

  [[nodiscard]] std::string seal(std::string_view plaintext, std::string_view context) const;
  [[nodiscard]] Result<Secret> open(std::string_view sealed, std::string_view context) const;
  /// False: the key came after this keyring was read (or is lost); reading the key file again may help.
  [[nodiscard]] bool knows(std::string_view sealed) const;
  [[nodiscard]] bool knows_id(std::string_view id_text) const;
  /// Sealed under another key than the current one.
  [[nodiscard]] bool needs_reseal(std::string_view sealed) const;

 private:
  std::vector<SealingKey> keys_;
};

}  // namespace sluice
