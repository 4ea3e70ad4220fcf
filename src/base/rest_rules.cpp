#include "base/rest_rules.hpp"

#include <charconv>

namespace sluice {
namespace {

std::optional<std::chrono::seconds> unit_of(char letter) {
  switch (letter) {
    case 's': return std::chrono::seconds(1);
    case 'm': return std::chrono::minutes(1);
    case 'h': return std::chrono::hours(1);
    case 'd': return std::chrono::days(1);
  }
  return {};
}

}  // namespace

std::optional<Milliseconds> parse_rest_length(std::string_view text) {
  if (text == "0") return Milliseconds(0);
  if (text.empty()) return {};
  const auto unit = unit_of(text.back());
  text.remove_suffix(1);
  unsigned count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (!unit || error != std::errc() || end != text.data() + text.size()) return {};
  const std::chrono::seconds length = *unit * std::int64_t{count};
  if (length > rest_length_max) return {};
  return length;
}

std::string rest_length_text(Milliseconds length) {
  constexpr struct {
    std::int64_t seconds;
    char letter;
  } units[] = {{86'400, 'd'}, {3'600, 'h'}, {60, 'm'}};
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(length).count();
  if (seconds == 0) return "0";
  for (const auto& unit : units) {
    if (seconds % unit.seconds == 0) return std::to_string(seconds / unit.seconds) + unit.letter;
  }
  return std::to_string(seconds) + 's';
}

}  // namespace sluice
