#pragma once
/// The little reading of heads and lines that the soak needs.

#include <charconv>
#include <cstdint>
#include <string_view>

namespace sluice::soak {

/// 0 where it isn't one.
inline std::uint64_t number(std::string_view text, int base = 10) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

/// The value of the field `name` (in small letters) in a head; its lines end in CRLF.
inline std::string_view field(std::string_view head, std::string_view name) {
  const auto small = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;) {
    std::string_view line = head.substr(at + 2);
    const auto end = line.find("\r\n");
    at = end == std::string_view::npos ? end : at + 2 + end;
    line = line.substr(0, end);
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    bool same = true;
    for (std::size_t i = 0; same && i < name.size(); ++i) same = small(line[i]) == name[i];
    if (!same) continue;
    line.remove_prefix(name.size() + 1);
    while (line.starts_with(' ')) line.remove_prefix(1);
    return line;
  }
  return {};
}

/// The value at ` key=` of a log line, up to the next blank.
inline std::string_view logged(std::string_view line, std::string_view key) {
  for (std::size_t at = 0; (at = line.find(key, at)) != std::string_view::npos; at += key.size()) {
    const std::size_t end = at + key.size();
    if (at > 0 && line[at - 1] == ' ' && end < line.size() && line[end] == '=') {
      const std::string_view value = line.substr(end + 1);
      return value.substr(0, value.find(' '));
    }
  }
  return {};
}

}  // namespace sluice::soak
