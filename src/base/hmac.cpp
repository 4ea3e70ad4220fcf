#include "base/hmac.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstdlib>

namespace sluice {

std::string hmac(Digest digest, std::string_view key, std::string_view message) {
  const EVP_MD* const algorithm = digest == Digest::sha1 ? EVP_sha1() : EVP_sha256();
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned int size = 0;
  if (HMAC(algorithm, key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(message.data()), message.size(), out.data(),
           &size) == nullptr) {
    std::abort();  // Only when the library itself is broken.
  }
  return {reinterpret_cast<const char*>(out.data()), size};
}

}  // namespace sluice
