#include "base/base32.hpp"

#include <cstdint>

#include "base/ascii.hpp"

namespace sluice {
namespace {

constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz234567";

}  // namespace

std::string to_base32(std::string_view bytes) {
  constexpr std::string_view upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string out;
  out.reserve((bytes.size() * 8 + 4) / 5);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : bytes) {
    bits = (bits << 8U | static_cast<unsigned char>(c)) & 0xfffU;
    for (count += 8; count >= 5;) out += upper[bits >> (count -= 5) & 31U];
  }
  if (count > 0) out += upper[bits << (5 - count) & 31U];
  return out;
}

std::optional<std::string> from_base32(std::string_view text) {
  std::string out;
  out.reserve(text.size() * 5 / 8);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    if (c == ' ' || c == '-' || c == '=') continue;
    const auto value = alphabet.find(ascii::lower(c));
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 5U | static_cast<std::uint32_t>(value)) & 0xfffU;
    if ((count += 5) < 8) continue;
    out += static_cast<char>(bits >> (count -= 8) & 0xffU);
  }
  const bool whole = count < 5 && (bits & ((1U << count) - 1)) == 0;
  if (!whole) return std::nullopt;
  return out;
}

}  // namespace sluice
