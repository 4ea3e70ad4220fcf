#include "wire/json_scan.hpp"

#include <cassert>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice::wire {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The first quote, backslash or control in [from, end).
const char* find_string_stop(const char* from, const char* end) {
#if defined(__SSE2__)
  // A quote (0x22) with its second bit turned is a blank (0x20): it then stands right behind the controls, which stay
  // controls, and one comparison finds both.
  const __m128i bit = _mm_set1_epi8('"' ^ ' ');
  const __m128i last = _mm_set1_epi8(' ');
  const __m128i backslash = _mm_set1_epi8('\\');
  for (auto blocks = static_cast<std::size_t>(end - from) / 16; blocks > 0; --blocks, from += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const __m128i turned = _mm_xor_si128(block, bit);
    const __m128i control_or_quote = _mm_cmpeq_epi8(_mm_min_epu8(turned, last), turned);
    const int found =
        _mm_movemask_epi8(_mm_or_si128(control_or_quote, _mm_cmpeq_epi8(block, backslash)));
    if (found != 0) return from + __builtin_ctz(static_cast<unsigned>(found));
  }
#endif
  while (from != end && *from != '"' && *from != '\\' && static_cast<unsigned char>(*from) > 0x1f)
    ++from;
  return from;
}

/// Which of the open arrays and objects are objects.
class OpenLevels {
 public:
  [[nodiscard]] std::size_t count() const { return count_; }
  void push(bool is_object) {
    const std::uint64_t bit = std::uint64_t{1} << (count_ % 64);
    auto& word = bits_[count_ / 64];
    word = is_object ? word | bit : word & ~bit;
    ++count_;
  }
  void pop() { --count_; }
  [[nodiscard]] bool top_is_object() const {
    return (bits_[(count_ - 1) / 64] >> ((count_ - 1) % 64) & 1) != 0;
  }

 private:
  std::array<std::uint64_t, json_depth_max / 64> bits_;
  std::size_t count_ = 0;
};

void append_utf8(std::string& out, std::uint32_t code) {
  const auto tail = [&out, code](unsigned shift) {
    out.push_back(static_cast<char>(0x80 | (code >> shift & 0x3f)));
  };
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out.push_back(static_cast<char>(0xc0 | code >> 6));
    tail(0);
  } else if (code < 0x10000) {
    out.push_back(static_cast<char>(0xe0 | code >> 12));
    tail(6);
    tail(0);
  } else {
    out.push_back(static_cast<char>(0xf0 | code >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

/// Four hex digits, which the scan has seen.
std::uint32_t code_unit(std::string_view digits) {
  std::uint32_t code = 0;
  for (const char c : digits.substr(0, 4))
    code = code << 4 | static_cast<std::uint32_t>(hex_value(c));
  return code;
}

}  // namespace

bool JsonScan::take_escape() {
  if (p_ == end_) return false;
  switch (*p_++) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't': return true;
    case 'u':
      for (int i = 0; i < 4; ++i, ++p_) {
        if (p_ == end_ || hex_value(*p_) < 0) return false;
      }
      return true;
    default: return false;
  }
}

bool JsonScan::take_string(String& out) {
  if (!take('"')) return false;
  const char* const start = p_;
  out.escaped = false;
  for (;;) {
    p_ = find_string_stop(p_, end_);
    if (p_ == end_) return false;
    if (*p_ == '"') break;
    if (*p_++ != '\\' || !take_escape()) return false;
    out.escaped = true;
  }
  out.raw = {start, static_cast<std::size_t>(p_ - start)};
  ++p_;
  return true;
}

bool JsonScan::take_digits() {
  if (p_ == end_ || !is_digit(*p_)) return false;
  while (p_ != end_ && is_digit(*p_)) ++p_;
  return true;
}

bool JsonScan::take_number() {
  static_cast<void>(take('-'));
  if (!take('0') && !take_digits()) return false;
  if (take('.') && !take_digits()) return false;
  if (take('e') || take('E')) {
    if (!take('+')) static_cast<void>(take('-'));
    if (!take_digits()) return false;
  }
  return true;
}

bool JsonScan::take_literal(std::string_view word) {
  if (static_cast<std::size_t>(end_ - p_) < word.size() ||
      std::memcmp(p_, word.data(), word.size()) != 0) {
    return false;
  }
  p_ += word.size();
  return true;
}

bool JsonScan::take_scalar() {
  switch (peek()) {
    case '"': {
      String ignored;
      return take_string(ignored);
    }
    case 't': return take_literal("true");
    case 'f': return take_literal("false");
    case 'n': return take_literal("null");
    default: return take_number();
  }
}

bool JsonScan::take_key_and_colon() {
  String ignored;
  skip_blanks();
  if (!take_string(ignored)) return false;
  skip_blanks();
  return take(':');
}

bool JsonScan::take_value(std::size_t depth) {
  OpenLevels open;
  for (;;) {
    skip_blanks();
    const char first = peek();
    if (first == '{' || first == '[') {
      if (depth + open.count() >= json_depth_max) return false;
      ++p_;
      open.push(first == '{');
      skip_blanks();
      if (peek() != (first == '{' ? '}' : ']')) {
        if (first == '{' && !take_key_and_colon()) return false;
        continue;
      }
      // An empty one is closed below.
    } else if (!take_scalar()) {
      return false;
    }
    for (;;) {
      if (open.count() == 0) return true;
      skip_blanks();
      if (take(',')) break;
      if (!take(open.top_is_object() ? '}' : ']')) return false;
      open.pop();
    }
    if (open.top_is_object() && !take_key_and_colon()) return false;
  }
}

std::string unescape_json(std::string_view raw) {
  auto escape = raw.find('\\');
  if (escape == std::string_view::npos) return std::string(raw);
  std::string out;
  out.reserve(raw.size());
  for (;; escape = raw.find('\\')) {
    out.append(raw.substr(0, escape));
    if (escape == std::string_view::npos) return out;
    const char kind = raw[escape + 1];
    raw.remove_prefix(escape + 2);
    switch (kind) {
      case 'b': out.push_back('\b'); break;
      case 'f': out.push_back('\f'); break;
      case 'n': out.push_back('\n'); break;
      case 'r': out.push_back('\r'); break;
      case 't': out.push_back('\t'); break;
      case 'u': {
        std::uint32_t code = code_unit(raw);
        raw.remove_prefix(4);
        if (code >= 0xd800 && code < 0xe000) {
          const bool high = code < 0xdc00;
          const auto low = high && raw.starts_with("\\u") ? code_unit(raw.substr(2)) : 0;
          if (low >= 0xdc00 && low < 0xe000) {
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            raw.remove_prefix(6);
          } else {
            code = 0xfffd;
          }
        }
        append_utf8(out, code);
        break;
      }
      default: out.push_back(kind);
    }
  }
}

}  // namespace sluice::wire
