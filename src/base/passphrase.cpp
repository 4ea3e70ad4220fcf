#include "base/passphrase.hpp"

#include <array>

#include "base/seal.hpp"
#include "base/sodium.hpp"

namespace sluice {
namespace {

constexpr char format_1 = 1;
constexpr std::size_t salt_size = crypto_pwhash_argon2id_SALTBYTES;

Result<SealingKey> stretch(const Secret& passphrase, std::string_view salt) {
  need_sodium();
  std::array<unsigned char, SealingKey::size> bytes{};
  // libsodium's "moderate" costs, 256 MiB. Part of format 1: another cost is another format.
  const int made = crypto_pwhash_argon2id(
      bytes.data(), bytes.size(), passphrase.reveal().data(), passphrase.reveal().size(),
      as_bytes(salt), crypto_pwhash_argon2id_OPSLIMIT_MODERATE,
      crypto_pwhash_argon2id_MEMLIMIT_MODERATE, crypto_pwhash_argon2id_ALG_ARGON2ID13);
  auto key = SealingKey::from_bytes({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  sodium_memzero(bytes.data(), bytes.size());
  if (made != 0) {
    return fail(Errc::overloaded, Side::gateway,
                "a passphrase needs 256 MiB of memory for a moment, and there is less");
  }
  return *std::move(key);
}

}  // namespace

Result<std::string> seal_with_passphrase(const Secret& passphrase, std::string_view plaintext,
                                         std::string_view context) {
  need_sodium();
  std::string salt(salt_size, '\0');
  randombytes_buf(salt.data(), salt.size());
  TRY(const SealingKey key, stretch(passphrase, salt));
  return std::string(1, format_1) + salt + key.seal(plaintext, context);
}

Result<Secret> open_with_passphrase(const Secret& passphrase, std::string_view sealed,
                                    std::string_view context) {
  const auto refused = [] {
    return fail(Errc::invalid_request, Side::client,
                "the passphrase is not the right one, or the text was altered");
  };
  if (sealed.size() < 1 + salt_size || sealed.front() != format_1) return refused();
  TRY(const SealingKey key, stretch(passphrase, sealed.substr(1, salt_size)));
  auto opened = key.open(sealed.substr(1 + salt_size), context);
  if (!opened) return refused();
  return opened;
}

}  // namespace sluice
