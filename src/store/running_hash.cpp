#include <openssl/evp.h>

#include <array>
#include <cstdlib>

#include "base/secret.hpp"
#include "store/backup_file.hpp"

namespace sluice::store {

RunningHash::RunningHash() : context_(EVP_MD_CTX_new()) {
  if (context_ == nullptr || EVP_DigestInit_ex(context_, EVP_sha256(), nullptr) != 1) std::abort();
}

RunningHash::~RunningHash() { EVP_MD_CTX_free(context_); }

void RunningHash::add(std::string_view bytes) {
  EVP_DigestUpdate(context_, bytes.data(), bytes.size());
}

std::string RunningHash::hex() {
  std::array<unsigned char, 32> sum{};
  EVP_DigestFinal_ex(context_, sum.data(), nullptr);
  return to_hex({reinterpret_cast<const char*>(sum.data()), sum.size()});
}

}  // namespace sluice::store
