#include "identity/totp.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>

#include "base/ascii.hpp"
#include "base/base32.hpp"
#include "base/hmac.hpp"
#include "base/random.hpp"

namespace sluice::identity {
namespace {

constexpr std::chrono::seconds step_length{30};
constexpr std::size_t digits = 6;
constexpr std::uint32_t code_limit = 1'000'000;

template <std::size_t size>
Secret random_bytes() {
  std::string bytes(size, '\0');
  fill_secret({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
  return Secret(std::move(bytes));
}

/// RFC 4226, 5.3; `key` in bytes.
std::string code_of(std::string_view key, std::int64_t step) {
  std::string counter(8, '\0');
  for (std::size_t i = 0; i < 8; ++i)
    counter[7 - i] = static_cast<char>(static_cast<std::uint64_t>(step) >> (8 * i) & 0xffU);
  const std::string mac = hmac(Digest::sha1, key, counter);
  const auto byte = [&](std::size_t at) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(mac[at]));
  };
  const std::size_t at = byte(mac.size() - 1) & 0xfU;
  const std::uint32_t number =
      (byte(at) & 0x7fU) << 24U | byte(at + 1) << 16U | byte(at + 2) << 8U | byte(at + 3);
  const std::string text = std::to_string(number % code_limit);
  return std::string(digits - text.size(), '0') + text;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
  std::string out;
  for (const char& c : text) {
    if (plain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out.append("%").append(to_hex({&c, 1}));
    }
  }
  return out;
}

/// The letters alone, as they are hashed.
std::string normal_form(std::string_view code) {
  std::string out;
  for (const char c : code) {
    if (c != '-' && c != ' ') out += ascii::lower(c);
  }
  return out;
}

std::string_view bytes_of(const Sha256& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

}  // namespace

Secret make_totp_seed() { return Secret(to_base32(random_bytes<20>().reveal())); }

Secret totp_url(const Secret& seed, std::string_view user_name) {
  std::string url = "otpauth://totp/sluice:" + percent_encoded(user_name) + "?secret=";
  url.append(seed.reveal()).append("&issuer=sluice&algorithm=SHA1&digits=6&period=30");
  return Secret(std::move(url));
}

std::string totp_code(const Secret& seed, std::int64_t step) {
  auto bytes = from_base32(seed.reveal());
  if (!bytes) return {};
  const Secret key(*std::move(bytes));
  return code_of(key.reveal(), step);
}

std::optional<std::int64_t> match_totp(const Secret& seed, std::string_view code, WallTime now,
                                       std::int64_t last_step) {
  if (code.size() != digits) return std::nullopt;
  const std::int64_t current =
      std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()) / step_length;
  std::optional<std::int64_t> matched;
  for (std::int64_t step = current - 1; step <= current + 1; ++step) {
    if (equal_constant_time(totp_code(seed, step), code) && step > last_step && !matched)
      matched = step;
  }
  return matched;
}

RecoveryCodes make_recovery_codes() {
  RecoveryCodes made;
  for (std::size_t i = 0; i < RecoveryCodes::count; ++i) {
    const Secret letters(ascii::to_lower(to_base32(random_bytes<10>().reveal())));
    made.hashes.push_back(sha256(letters.reveal()));
    std::string shown;
    shown.reserve(19);
    for (std::size_t at = 0; at < letters.reveal().size(); at += 4) {
      if (at > 0) shown += '-';
      shown += letters.reveal().substr(at, 4);
    }
    made.codes.emplace_back(std::move(shown));
  }
  return made;
}

std::optional<std::size_t> match_recovery_code(const std::vector<Sha256>& hashes,
                                               std::string_view typed) {
  constexpr std::size_t typed_bytes_max = 64;
  if (typed.size() > typed_bytes_max) return std::nullopt;
  const Sha256 hash = sha256(normal_form(typed));
  std::optional<std::size_t> matched;
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    if (equal_constant_time(bytes_of(hashes[i]), bytes_of(hash))) matched = i;
  }
  return matched;
}

}  // namespace sluice::identity
