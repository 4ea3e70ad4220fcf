#include "admin/crs_import_cipher.hpp"

#include <openssl/evp.h>
#include <openssl/kdf.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>

namespace sluice::admin {
namespace {

constexpr std::size_t key_size = 32;
constexpr std::size_t block_size = 16;
constexpr std::size_t sealed_bytes_max = std::size_t{1} << 20;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> from_hex_text(std::string_view hex) {
  if (hex.size() % 2 != 0 || hex.size() > sealed_bytes_max) return {};
  std::string out;
  out.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = hex_value(hex[i]);
    const int low = hex_value(hex[i + 1]);
    if (high < 0 || low < 0) return {};
    out.push_back(static_cast<char>(high * 16 + low));
  }
  return out;
}

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return hex_value(c) >= 0; });
}

/// Credentials, and JSON of them, are printable ASCII.
bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= ' ' && c <= '~') || c == '\n' || c == '\r' || c == '\t';
  });
}

std::optional<Secret> decrypt(const Secret& key, std::string_view iv, std::string_view ciphertext) {
  if (iv.size() != block_size || ciphertext.empty() || ciphertext.size() % block_size != 0) {
    return {};
  }
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(
      EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  if (!context) throw std::bad_alloc();
  std::string plain(ciphertext.size() + block_size, '\0');
  auto* const out = reinterpret_cast<unsigned char*>(plain.data());
  int written = 0;
  int rest = 0;
  const bool opened = EVP_DecryptInit_ex(context.get(), EVP_aes_256_cbc(), nullptr,
                                         bytes_of(key.reveal()), bytes_of(iv)) == 1 &&
                      EVP_DecryptUpdate(context.get(), out, &written, bytes_of(ciphertext),
                                        static_cast<int>(ciphertext.size())) == 1 &&
                      EVP_DecryptFinal_ex(context.get(), out + written, &rest) == 1;
  plain.resize(opened ? static_cast<std::size_t>(written + rest) : 0);
  Secret secret(std::move(plain));
  if (!opened || !is_printable(secret.reveal())) return {};
  return secret;
}

}  // namespace

bool is_crs_sealed(std::string_view text) {
  constexpr std::size_t iv_digits = block_size * 2;
  if (text.size() <= iv_digits + 1 || text[iv_digits] != ':') return false;
  const std::string_view ciphertext = text.substr(iv_digits + 1);
  return ciphertext.size() % (block_size * 2) == 0 && is_hex(text.substr(0, iv_digits)) &&
         is_hex(ciphertext);
}

const Secret& CrsCipher::key_for(std::string_view salt) {
  if (const auto known = keys_.find(salt); known != keys_.end()) return known->second;
  constexpr std::uint64_t n = 16384, r = 8, p = 1, memory_max = std::uint64_t{64} << 20;
  std::string key(key_size, '\0');
  const std::string_view password = encryption_key_.reveal();
  if (EVP_PBE_scrypt(password.data(), password.size(), bytes_of(salt), salt.size(), n, r, p,
                     memory_max, reinterpret_cast<unsigned char*>(key.data()), key.size()) != 1) {
    throw std::bad_alloc();  // the only way it fails with these parameters
  }
  return keys_.emplace(salt, Secret(std::move(key))).first->second;
}

std::optional<Secret> CrsCipher::open(std::string_view sealed, std::string_view salt) {
  if (!has_key() || !is_crs_sealed(sealed)) return {};
  const auto colon = sealed.find(':');
  const auto iv = from_hex_text(sealed.substr(0, colon));
  const auto ciphertext = from_hex_text(sealed.substr(colon + 1));
  if (!iv || !ciphertext) return {};
  return decrypt(key_for(salt), *iv, *ciphertext);
}

std::optional<Secret> CrsCipher::open_bedrock(std::string_view iv_hex,
                                              std::string_view ciphertext_hex) const {
  if (!has_key()) return {};
  const auto iv = from_hex_text(iv_hex);
  const auto ciphertext = from_hex_text(ciphertext_hex);
  if (!iv || !ciphertext) return {};
  const Sha256 digest = sha256(encryption_key_.reveal());
  const Secret key(std::string(reinterpret_cast<const char*>(digest.data()), digest.size()));
  return decrypt(key, *iv, *ciphertext);
}

}  // namespace sluice::admin
