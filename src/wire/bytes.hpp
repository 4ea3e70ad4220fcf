#pragma once
/// Classes of bytes in the grammars of HTTP (RFC 9110, 5.5 and 5.6.2), and the search for the bytes
/// that end a line.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice::wire::bytes {

inline constexpr std::uint8_t class_token = 1;  // tchar
inline constexpr std::uint8_t class_text =
    2;  // what a field value may hold: HTAB, SP, VCHAR, obs-text
inline constexpr std::uint8_t class_visible = 4;  // 0x21 to 0x7e
inline constexpr std::uint8_t class_host = 8;     // uri-host and port, RFC 3986 3.2.2; no comma
inline constexpr std::uint8_t class_digit = 16;

inline constexpr auto classes = [] {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9';
    std::uint8_t of_c = 0;
    if (alpha || digit) of_c |= class_token | class_host;
    if (digit) of_c |= class_digit;
    if (c == '\t' || (c >= 0x20 && c != 0x7f)) of_c |= class_text;
    if (c > 0x20 && c < 0x7f) of_c |= class_visible;
    table[c] = of_c;
  }
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) {
    table[static_cast<unsigned char>(c)] |= class_token;
  }
  for (const char c : std::string_view("-._~!$&'()*+;=%:[]")) {
    table[static_cast<unsigned char>(c)] |= class_host;
  }
  return table;
}();

[[nodiscard]] constexpr bool is(char c, std::uint8_t of_class) {
  return (classes[static_cast<unsigned char>(c)] & of_class) != 0;
}

/// The first byte in [from, end) that no field value may hold (a control other than HTAB, or DEL);
/// `end` without one.
[[nodiscard]] inline const char* find_control(const char* from, const char* end) {
#if defined(__SSE2__)
  const __m128i control_max = _mm_set1_epi8(0x1f);
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i del = _mm_set1_epi8(0x7f);
  for (; end - from >= 16; from += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(block, control_max), block);
    const __m128i control = _mm_andnot_si128(_mm_cmpeq_epi8(block, tab), low);
    const int found = _mm_movemask_epi8(_mm_or_si128(control, _mm_cmpeq_epi8(block, del)));
    if (found != 0) return from + __builtin_ctz(static_cast<unsigned>(found));
  }
#endif
  while (from != end && is(*from, class_text)) ++from;
  return from;
}

/// Past the letters, digits and dashes at `from`, of which most names consist: all of them, or fewer near `end`.
[[nodiscard]] inline const char* skip_name(const char* from, const char* end) {
#if defined(__SSE2__)
  const auto at_most = [](__m128i block, char last) {
    return _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(last)), block);
  };
  for (; end - from >= 16; from += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const __m128i lower = _mm_or_si128(block, _mm_set1_epi8(0x20));
    const __m128i letter = at_most(_mm_sub_epi8(lower, _mm_set1_epi8('a')), 'z' - 'a');
    const __m128i digit = at_most(_mm_sub_epi8(block, _mm_set1_epi8('0')), '9' - '0');
    const __m128i dash = _mm_cmpeq_epi8(block, _mm_set1_epi8('-'));
    const int usual = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(letter, digit), dash));
    if (usual != 0xffff) return from + __builtin_ctz(~static_cast<unsigned>(usual));
  }
#endif
  return from;
}

}  // namespace sluice::wire::bytes
