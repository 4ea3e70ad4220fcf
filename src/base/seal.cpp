#include "base/seal.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <new>

#include "base/sodium.hpp"

namespace sluice {
namespace {

constexpr char format_1 = 1;
constexpr std::size_t head_size = 1 + std::tuple_size_v<SealingKey::Id>;
constexpr std::size_t nonce_size = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_size = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(SealingKey::size == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

std::string head_of(const SealingKey::Id& id) {
  std::string head(1, format_1);
  return head.append(reinterpret_cast<const char*>(id.data()), id.size());
}

bool is_sealed(std::string_view sealed) {
  return sealed.size() >= head_size + nonce_size + tag_size && sealed.front() == format_1;
}

std::unexpected<Error> altered() {
  return fail(
      Errc::invalid_config, Side::gateway,
      "a stored secret was altered or belongs to another place: set it again, or restore a backup");
}

std::shared_ptr<unsigned char> guarded_key() {
  need_sodium();
  auto* const bytes = static_cast<unsigned char*>(sodium_malloc(SealingKey::size));
  if (bytes == nullptr) throw std::bad_alloc();
  return {bytes, sodium_free};
}

}  // namespace

std::string seal_context(std::string_view owner, std::string_view name) {
  std::string context(owner);
  return context.append(1, '/').append(name);
}

SealingKey::SealingKey(std::shared_ptr<unsigned char> bytes) : bytes_(std::move(bytes)) {
  constexpr std::string_view purpose = "sluice sealing key id";
  std::array<unsigned char, crypto_generichash_BYTES> hash{};
  crypto_generichash(hash.data(), hash.size(), as_bytes(purpose), purpose.size(), bytes_.get(),
                     size);
  std::copy_n(hash.begin(), id_.size(), id_.begin());
  sodium_mprotect_readonly(bytes_.get());
}

SealingKey SealingKey::generate() {
  auto bytes = guarded_key();
  randombytes_buf(bytes.get(), size);
  return SealingKey(std::move(bytes));
}

std::optional<SealingKey> SealingKey::from_bytes(std::string_view bytes) {
  if (bytes.size() != size) return std::nullopt;
  auto guarded = guarded_key();
  std::memcpy(guarded.get(), bytes.data(), size);
  return SealingKey(std::move(guarded));
}

std::string SealingKey::id_text() const {
  return to_hex({reinterpret_cast<const char*>(id_.data()), id_.size()});
}

std::string_view SealingKey::reveal() const {
  return {reinterpret_cast<const char*>(bytes_.get()), size};
}

std::string SealingKey::seal(std::string_view plaintext, std::string_view context) const {
  const std::string head = head_of(id_);
  const std::string bound = head + std::string(context);
  std::string sealed(head_size + nonce_size + plaintext.size() + tag_size, '\0');
  head.copy(sealed.data(), head.size());
  auto* const nonce = reinterpret_cast<unsigned char*>(sealed.data()) + head_size;
  randombytes_buf(nonce, nonce_size);
  crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + nonce_size, nullptr, as_bytes(plaintext),
                                             plaintext.size(), as_bytes(bound), bound.size(),
                                             nullptr, nonce, bytes_.get());
  return sealed;
}

Result<Secret> SealingKey::open(std::string_view sealed, std::string_view context) const {
  if (!is_sealed(sealed)) return altered();
  const std::string bound = std::string(sealed.substr(0, head_size)) + std::string(context);
  const auto* const nonce = as_bytes(sealed) + head_size;
  std::string plaintext(sealed.size() - head_size - nonce_size - tag_size, '\0');
  const int opened = crypto_aead_xchacha20poly1305_ietf_decrypt(
      reinterpret_cast<unsigned char*>(plaintext.data()), nullptr, nullptr, nonce + nonce_size,
      plaintext.size() + tag_size, as_bytes(bound), bound.size(), nonce, bytes_.get());
  Secret secret(std::move(plaintext));  // wiped on every path
  if (opened != 0) return altered();
  return secret;
}

bool SealingKey::sealed_here(std::string_view sealed) const {
  return sealed.starts_with(head_of(id_));
}

Keyring::Keyring(std::vector<SealingKey> keys) : keys_(std::move(keys)) { assert(!keys_.empty()); }

std::string Keyring::seal(std::string_view plaintext, std::string_view context) const {
  return current().seal(plaintext, context);
}

Result<Secret> Keyring::open(std::string_view sealed, std::string_view context) const {
  if (!is_sealed(sealed)) return altered();
  for (const SealingKey& key : keys_) {
    if (key.sealed_here(sealed)) return key.open(sealed, context);
  }
  return fail(Errc::invalid_config, Side::gateway,
              "a stored secret is sealed under master key " +
                  to_hex(sealed.substr(1, head_size - 1)) +
                  ", which is not in the master key file: put the right file back, or set the "
                  "secret again");
}

bool Keyring::knows(std::string_view sealed) const {
  return std::ranges::any_of(keys_, [&](const SealingKey& key) { return key.sealed_here(sealed); });
}

bool Keyring::knows_id(std::string_view id_text) const {
  return std::ranges::any_of(keys_,
                             [&](const SealingKey& key) { return key.id_text() == id_text; });
}

bool Keyring::needs_reseal(std::string_view sealed) const { return !current().sealed_here(sealed); }

}  // namespace sluice
