#include "sim/text.hpp"

#include <array>

namespace sluice::sim {
namespace {

constexpr std::array<std::string_view, 48> tokens = {
    " the",   " relay",  " keeps",     " every",   " byte",    " as",    " it",
    " came",  ",",       ".",          " and",     " counts",  " what",  " was",
    " used",  " to",     " a",         " token",   " streams", " stay",  " it's",
    " x < y", " a & b",  " {\"k\":1}", " größer",  " naïve",   " café",  " € 3.50",
    " e=mc²", " Ελλάδα", " привет",    " мир",     " שלום",    " مرحبا", " नमस्ते",
    " สวัสดี",  "你好",    "世界",       " 日本語",  " 한국어",  " 😀",    " 👩‍🔬",
    " 𝄞",     " 🇫🇮",     " \"so\"",    " C:\\dir", "\n",       "\t"};

constexpr std::string_view hex_digits = "0123456789abcdef";

}  // namespace

void append_token(SeededRandom& random, std::string& out) {
  out += tokens[random.below(tokens.size())];
}

void append_json_string(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += "\\u00";
          out += hex_digits[static_cast<unsigned char>(c) >> 4U];
          out += hex_digits[static_cast<unsigned char>(c) & 15U];
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

void append_id(SeededRandom& random, std::size_t size, std::string& out) {
  constexpr std::string_view letters = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  for (std::size_t i = 0; i < size; ++i) out += letters[random.below(letters.size())];
}

std::size_t character_boundary(std::string_view text, std::size_t at) {
  if (at >= text.size()) return text.size();
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80U) ++at;
  return at;
}

}  // namespace sluice::sim
