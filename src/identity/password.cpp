#include "identity/password.hpp"

#include <array>

#include "base/sodium.hpp"

namespace sluice::identity {
namespace {

constexpr unsigned long long passes = crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE;
constexpr std::size_t memory_bytes = crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE;
static_assert(passes >= 2 && memory_bytes >= std::size_t{19} * 1024 * 1024);

/// Of 32 random bytes that nobody kept, with the costs above (a test holds them together).
constexpr std::string_view hash_of_nobody =
    "$argon2id$v=19$m=65536,t=2,p=1$28hbtiPF0h3t3vB01sulUA$a29OKiC82SrVf8ZVvqzvh50/"
    "r33GotI2rFyBNpcH4Yc";

bool matches(std::string_view hash, std::string_view password) {
  need_sodium();
  const std::string text(hash);
  return crypto_pwhash_str_verify(text.c_str(), password.data(), password.size()) == 0;
}

}  // namespace

Result<std::string> hash_password(const Secret& password) {
  need_sodium();
  std::array<char, crypto_pwhash_STRBYTES> text{};
  if (crypto_pwhash_str_alg(text.data(), password.reveal().data(), password.reveal().size(), passes,
                            memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return fail(Errc::overloaded, Side::gateway,
                "a password needs 64 MiB of memory for a moment, and there is less");
  }
  return std::string(text.data());
}

bool verify_password(std::string_view hash, const Secret& password) {
  if (password.reveal().size() > password_bytes_max) {
    verify_nobody(password);
    return false;
  }
  return matches(hash, password.reveal());
}

void verify_nobody(const Secret& password) {
  (void)matches(hash_of_nobody, password.reveal().substr(0, password_bytes_max));
}

bool needs_rehash(std::string_view hash) {
  need_sodium();
  const std::string text(hash);
  return crypto_pwhash_str_needs_rehash(text.c_str(), passes, memory_bytes) != 0;
}

}  // namespace sluice::identity
