#pragma once
/// Messages of libpq have several lines and end with one.

#include <string>
#include <string_view>

namespace sluice::store {

[[nodiscard]] inline std::string one_line(std::string_view message) {
  std::string out;
  for (const char c : message) {
    const bool blank = c == '\n' || c == '\t' || c == ' ';
    if (!blank) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

}  // namespace sluice::store
