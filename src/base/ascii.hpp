#pragma once
/// Letters without a locale: what the grammars of HTTP and SSE mean by "case-insensitive".

#include <algorithm>
#include <string>
#include <string_view>

namespace sluice::ascii {

[[nodiscard]] constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

[[nodiscard]] constexpr bool iequal(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  // Most are written as we write them.
  return a == b || std::equal(a.begin(), a.end(), b.begin(),
                              [](char x, char y) { return lower(x) == lower(y); });
}

[[nodiscard]] constexpr bool istarts_with(std::string_view text, std::string_view prefix) {
  if (prefix.empty()) return true;
  return text.size() >= prefix.size() && lower(text.front()) == lower(prefix.front()) &&
         iequal(text.substr(0, prefix.size()), prefix);
}

[[nodiscard]] inline std::string to_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

/// Without the blanks and tabs around it.
[[nodiscard]] constexpr std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Calls `visit(element)` for each trimmed element of a comma-separated list; empty ones too.
template <class Visit>
constexpr void for_each_element(std::string_view list, Visit visit) {
  for (;;) {
    const auto comma = list.find(',');
    visit(trim(list.substr(0, comma)));
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace sluice::ascii
