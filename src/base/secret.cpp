#include "base/secret.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <cstdlib>
#include <memory>

#include "base/random.hpp"

namespace sluice {
namespace {

struct Digest {
  // Fetched once: EVP_sha256() looks the algorithm up again at every call (about 1 us).
  EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  Digest() {
    if (algorithm == nullptr || context == nullptr) std::abort();
  }
  ~Digest() {
    EVP_MD_CTX_free(context);
    EVP_MD_free(algorithm);
  }
};

constexpr char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Secret& Secret::operator=(const Secret& other) {
  if (this == &other) return *this;
  wipe();
  text_ = other.text_;
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  wipe();
  text_ = std::move(other.text_);
  other.wipe();
  return *this;
}

void Secret::wipe() noexcept {
  text_.clear();
  OPENSSL_cleanse(text_.data(), text_.capacity());
}

std::string Secret::hint() const {
  if (text_.size() < 12) return "...";
  return "..." + text_.substr(text_.size() - 4);
}

Sha256 sha256(std::string_view bytes) {
  thread_local Digest digest;
  Sha256 out{};
  if (EVP_DigestInit_ex2(digest.context, digest.algorithm, nullptr) != 1 ||
      EVP_DigestUpdate(digest.context, bytes.data(), bytes.size()) != 1 ||
      EVP_DigestFinal_ex(digest.context, out.data(), nullptr) != 1) {
    std::abort();  // Only when the library itself is broken.
  }
  return out;
}

std::string to_hex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
  return out;
}

bool from_hex(std::string_view hex, Sha256& out) {
  if (hex.size() != out.size() * 2) return false;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = hex_value(hex[2 * i]);
    const int low = hex_value(hex[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return true;
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Secret make_client_key() {
  std::array<std::uint8_t, 33>
      bits{};  // 32 random bytes, and a zero that the last digit's two spare bits come from
  fill_secret({bits.data(), 32});
  std::string text = "sk-slc-";
  for (std::size_t i = 0; i < 33; i += 3) {
    const std::uint32_t group = (static_cast<std::uint32_t>(bits[i]) << 16U) |
                                (static_cast<std::uint32_t>(bits[i + 1]) << 8U) | bits[i + 2];
    for (int shift = 18; shift >= 0; shift -= 6) text += base64url[(group >> shift) & 63U];
  }
  text.resize(7 + 43);
  OPENSSL_cleanse(bits.data(), bits.size());
  return Secret(std::move(text));
}

}  // namespace sluice
