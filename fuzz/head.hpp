#pragma once
/// What holds for the heads of both sides.

#include "fuzz.hpp"
#include "wire/http_head.hpp"

namespace sluice::fuzz {

/// What `HeadEndFinder` says of bytes that come in `reads`.
struct Found {
  bool refused = false;
  std::size_t end = 0;  // 0: none yet
  bool operator==(const Found&) const = default;
};

inline Found find_end(const Input& input, Side side, std::size_t bytes_max, bool at_once) {
  wire::HeadEndFinder finder(side, bytes_max);
  Found found;
  std::string known;
  const auto visit = [&](std::string_view read) {
    known.append(read);
    const auto result = finder.find(known);
    found.refused = !result;
    if (result && *result) found.end = **result;
    return result && !*result;
  };
  if (at_once) {
    visit(input.bytes);
  } else {
    in_reads(input, visit);
  }
  return found;
}

/// The length of the head at the front, 0 without one; and that it doesn't depend on the split.
inline std::size_t check_finder(const Input& input, Side side) {
  constexpr std::size_t bytes_max = 2048;
  const auto whole = find_end(input, side, bytes_max, true);
  const auto parts = find_end(input, side, bytes_max, false);
  // An end that came before the offence was given already; otherwise both must agree.
  require(whole == parts);
  if (whole.end == 0) return 0;
  require(whole.end <= bytes_max &&
          std::string_view(input.bytes).substr(0, whole.end).ends_with("\r\n\r\n"));
  return whole.end;
}

inline void check_fields(const std::vector<wire::HeaderField>& headers, std::string_view head) {
  require(headers.size() <= 100);
  for (const auto& [name, value] : headers) {
    require(!name.empty() && within(name, head) && within(value, head));
    require(name.find_first_of(" \t\r\n:") == std::string_view::npos);
    using std::string_view_literals::operator""sv;
    require(value.find_first_of("\r\n\0"sv) == std::string_view::npos);
    require(value.empty() || (value.front() != ' ' && value.back() != ' ' &&
                              value.front() != '\t' && value.back() != '\t'));
  }
}

}  // namespace sluice::fuzz
