#include "admin/sign_in_tokens.hpp"

#include <array>
#include <cstdint>
#include <span>

#include "base/random.hpp"
#include "base/sodium.hpp"

namespace sluice::admin {
namespace {

std::string base64url(std::span<const std::uint8_t> bytes) {
  need_sodium();
  constexpr int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  std::string text(sodium_base64_encoded_len(bytes.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), variant);
  text.resize(text.find('\0'));
  return text;
}

}  // namespace

Secret make_one_time_token() {
  std::array<std::uint8_t, 32> bytes{};
  fill_secret(bytes);
  Secret token(base64url(bytes));
  sodium_memzero(bytes.data(), bytes.size());
  return token;
}

Secret make_admin_token() {
  std::string text = "sk-sla-";
  text.reserve(50);
  text += make_one_time_token().reveal();
  return Secret(std::move(text));
}

std::string csrf_token_of(std::string_view session_token) {
  return base64url(sha256("sluice csrf\n" + std::string(session_token)));
}

}  // namespace sluice::admin
