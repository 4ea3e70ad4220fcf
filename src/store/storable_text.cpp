#include "store/storable_text.hpp"

#include <algorithm>

namespace sluice::store {

namespace {

unsigned byte(std::string_view text, std::size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
}

/// Bytes of the well-formed sequence at the start of `text`; 0: there is none. Source: Unicode 15, table 3-7.
std::size_t sequence_size(std::string_view text) {
  const unsigned first = byte(text, 0);
  const unsigned second = byte(text, 1);
  const auto continues = [&](std::size_t at) { return (byte(text, at) & 0xC0U) == 0x80U; };
  if (first < 0x80) return first == 0 ? 0 : 1;
  if (first < 0xC2 || first > 0xF4 || !continues(1)) return 0;
  if (first < 0xE0) return 2;
  if (first < 0xF0) {
    const bool overlong = first == 0xE0 && second < 0xA0;
    const bool surrogate = first == 0xED && second > 0x9F;
    return !overlong && !surrogate && continues(2) ? 3 : 0;
  }
  const bool overlong = first == 0xF0 && second < 0x90;
  const bool too_high = first == 0xF4 && second > 0x8F;
  return !overlong && !too_high && continues(2) && continues(3) ? 4 : 0;
}

}  // namespace

std::string storable_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = sequence_size(text);
    out.append(size == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, size));
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

}  // namespace sluice::store
