#include "routing/failure_reason.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace sluice::routing {
namespace {

constexpr std::size_t name_bytes_max = 80;

/// Bytes of the UTF-8 sequence that `text` begins with; 0: of none.
std::size_t sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto follows = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xc0) == 0x80; };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first < 0xf0) {
    const bool overlong = first == 0xe0 && text.size() > 1 && byte(1) < 0xa0;
    const bool half_pair = first == 0xed && text.size() > 1 && byte(1) >= 0xa0;
    return !overlong && !half_pair && follows(1) && follows(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first < 0xf5) {
    const bool overlong = first == 0xf0 && text.size() > 1 && byte(1) < 0x90;
    const bool too_high = first == 0xf4 && text.size() > 1 && byte(1) >= 0x90;
    return !overlong && !too_high && follows(1) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

/// Blanks and controls in a row become one blank; what isn't UTF-8 a question mark.
std::string one_line(std::string_view text, std::size_t bytes_max) {
  std::string out;
  while (!text.empty()) {
    const std::size_t size = sequence(text);
    const auto first = static_cast<unsigned char>(text.front());
    // U+0080 to U+009F are controls too.
    const bool high_control =
        size == 2 && first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0;
    if (out.size() + std::max<std::size_t>(size, 1) > bytes_max) break;
    if (size == 0) {
      out += '?';
    } else if (first <= ' ' || first == 0x7f || high_control) {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

bool is_key_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '_' || c == '*' || c == '.' || c == '+' || c == '/' || c == '=';
}

/// Begins as the keys and tokens of providers do.
bool looks_secret(std::string_view word) {
  constexpr std::array<std::string_view, 14> starts = {"sk-",   "sk_",  "AIza",  "AKIA", "ASIA",
                                                       "gsk_",  "xai-", "ya29.", "eyJ",  "ABSK",
                                                       "pplx-", "hf_",  "AQ.",   "r8_"};
  return std::any_of(starts.begin(), starts.end(),
                     [&](std::string_view start) { return word.starts_with(start); });
}

std::string without_secrets(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto size = static_cast<std::size_t>(
        std::find_if_not(text.begin(), text.end(), is_key_byte) - text.begin());
    const std::string_view word = text.substr(0, size);
    out += looks_secret(word) ? std::string_view("(key)") : word;
    text.remove_prefix(size);
    if (text.empty()) break;
    out += text.front();
    text.remove_prefix(1);
  }
  return out;
}

std::string head_of(const Failure& failure) {
  if (failure.status != 0) return std::to_string(failure.status);
  switch (failure.code) {
    case Errc::upstream_unreachable: return "no connection";
    case Errc::upstream_timeout: return "no answer in time";
    case Errc::upstream_invalid: return "no valid answer";
    default: return "no answer: " + std::string(to_string(failure.code));
  }
}

}  // namespace

std::string failure_reason(const Failure& failure, const ErrorFacts& facts) {
  std::string out = head_of(failure);
  const auto name = [&](std::string_view text) {
    if (!text.empty()) (out += ' ') += one_line(without_secrets(text), name_bytes_max);
  };
  name(facts.type);
  if (facts.code != facts.type && facts.code != std::to_string(failure.status)) name(facts.code);
  name(facts.reason);
  // A cut may fall into a key: what looks like one goes first.
  const std::string words = one_line(without_secrets(facts.message), reason_words_max);
  if (!words.empty()) (out += ", ") += words;
  return out;
}

}  // namespace sluice::routing
