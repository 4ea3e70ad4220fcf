#include "app/manage/text_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>

namespace sluice::app::manage {
namespace {

constexpr std::size_t gap = 2;
constexpr std::size_t column_min = 6;
constexpr std::string_view replacement = "\xef\xbf\xbd";
constexpr std::string_view ellipsis = "\xe2\x80\xa6";

struct Character {
  char32_t code = 0;
  std::size_t bytes = 1;
  bool valid = false;
};

/// The first one of `text`, which isn't empty.
Character decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const std::size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < bytes) return {};
  char32_t code = first & (0x7fU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = (code << 6) | (byte(i) & 0x3fU);
  }
  constexpr std::array<char32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < least[bytes] || code > 0x10ffff || surrogate) return {};
  return {code, bytes, true};
}

struct Range {
  char32_t first;
  char32_t last;
};

/// Marks that stand on the character before, and characters without a glyph.
constexpr std::array zero_width = {
    Range{0x0300, 0x036f}, Range{0x0483, 0x0489}, Range{0x0591, 0x05bd}, Range{0x0610, 0x061a},
    Range{0x064b, 0x065f}, Range{0x0900, 0x0902}, Range{0x093a, 0x093a}, Range{0x093c, 0x093c},
    Range{0x0e31, 0x0e31}, Range{0x0e34, 0x0e3a}, Range{0x0e47, 0x0e4e}, Range{0x1ab0, 0x1aff},
    Range{0x1dc0, 0x1dff}, Range{0x200b, 0x200f}, Range{0x20d0, 0x20ff}, Range{0xfe00, 0xfe0f},
    Range{0xfe20, 0xfe2f}};
/// East_Asian_Width W and F. Source: Unicode 15, EastAsianWidth.txt, in blocks.
constexpr std::array double_width = {
    Range{0x1100, 0x115f},   Range{0x2e80, 0x303e},   Range{0x3041, 0x33ff},
    Range{0x3400, 0x4dbf},   Range{0x4e00, 0x9fff},   Range{0xa000, 0xa4cf},
    Range{0xa960, 0xa97f},   Range{0xac00, 0xd7a3},   Range{0xf900, 0xfaff},
    Range{0xfe30, 0xfe6f},   Range{0xff00, 0xff60},   Range{0xffe0, 0xffe6},
    Range{0x1b000, 0x1b2ff}, Range{0x1f300, 0x1f64f}, Range{0x1f680, 0x1f6ff},
    Range{0x1f900, 0x1faff}, Range{0x20000, 0x3fffd}};

template <std::size_t n>
bool is_in(const std::array<Range, n>& ranges, char32_t code) {
  return std::any_of(ranges.begin(), ranges.end(), [code](const Range& range) {
    return range.first <= code && code <= range.last;
  });
}

std::size_t width_of(char32_t code) {
  if (is_in(zero_width, code)) return 0;
  return is_in(double_width, code) ? 2 : 1;
}

/// Could move the cursor, change colours or the direction of writing.
bool steers(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029 ||
         (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

std::string_view escape(Tone tone) {
  switch (tone) {
    case Tone::plain: return "";
    case Tone::good: return "\x1b[32m";
    case Tone::bad: return "\x1b[31m";
    case Tone::faint: return "\x1b[2m";
  }
  return "";
}

std::string toned(std::string text, Tone tone, const TextStyle& style) {
  if (!style.colours || tone == Tone::plain || text.empty()) return text;
  return fmt::format("{}{}\x1b[0m", escape(tone), text);
}

/// How many columns there is room for when each is as narrow as it may be; the last ones are left out first.
std::size_t columns_that_fit(const std::vector<std::size_t>& widths, std::size_t columns) {
  std::size_t total = 0;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    total += std::min(widths[i], column_min) + (i == 0 ? 0 : gap);
    if (total > columns) return std::max<std::size_t>(i, 1);
  }
  return widths.size();
}

/// Takes from the widest until the whole fits.
void shrink(std::vector<std::size_t>& widths, std::size_t columns) {
  const auto total = [&] {
    return std::accumulate(widths.begin(), widths.end(), gap * (widths.size() - 1));
  };
  while (total() > columns) {
    const auto widest = std::max_element(widths.begin(), widths.end());
    if (*widest <= column_min) return;
    --*widest;
  }
}

void add_row(std::string& out, const std::vector<Cell>& row, const std::vector<std::size_t>& widths,
             const TextStyle& style) {
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const std::string text = cut_to_width(row[i].text, widths[i]);
    out += toned(text, row[i].tone, style);
    if (i + 1 < widths.size()) out.append(widths[i] - display_width(text) + gap, ' ');
  }
  while (out.ends_with(' ')) out.pop_back();
  out += '\n';
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t out = 0;
  while (!text.empty()) {
    const Character character = decode(text);
    out += character.valid ? width_of(character.code) : 1;
    text.remove_prefix(character.bytes);
  }
  return out;
}

std::string cut_to_width(std::string_view text, std::size_t columns) {
  if (display_width(text) <= columns) return std::string(text);
  std::string out;
  std::size_t width = 0;
  while (!text.empty() && columns > 0) {
    const Character character = decode(text);
    width += character.valid ? width_of(character.code) : 1;
    if (width > columns - 1) break;
    out += text.substr(0, character.bytes);
    text.remove_prefix(character.bytes);
  }
  return columns == 0 ? out : out + std::string(ellipsis);
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Character character = decode(text);
    const bool blank = character.valid && (character.code == '\n' || character.code == '\t');
    if (blank) {
      out += ' ';
    } else if (!character.valid || steers(character.code)) {
      out += replacement;
    } else {
      out += text.substr(0, character.bytes);
    }
    text.remove_prefix(character.bytes);
  }
  return out;
}

std::string table_text(std::span<const std::string_view> titles,
                       const std::vector<std::vector<Cell>>& rows, const TextStyle& style) {
  if (rows.empty()) return {};
  std::vector<std::vector<Cell>> lines(1);
  for (const std::string_view title : titles)
    lines.front().push_back({std::string(title), Tone::faint});
  std::vector<std::size_t> widths(titles.size(), 0);
  for (const auto& row : rows) {
    lines.emplace_back();
    for (const Cell& cell : row) lines.back().push_back({printable(cell.text), cell.tone});
  }
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i)
      widths[i] = std::max(widths[i], display_width(line[i].text));
  }
  if (style.columns > 0) {
    widths.resize(columns_that_fit(widths, style.columns));
    shrink(widths, style.columns);
  }
  std::string out;
  for (const auto& line : lines) add_row(out, line, widths, style);
  return out;
}

std::string list_text(const std::vector<std::pair<std::string, Cell>>& lines,
                      const TextStyle& style) {
  std::size_t width = 0;
  for (const auto& [name, cell] : lines) width = std::max(width, display_width(name));
  std::string out;
  for (const auto& [name, cell] : lines) {
    out += name + ":";
    out.append(width - display_width(name) + gap, ' ');
    out += toned(printable(cell.text), cell.tone, style);
    while (out.ends_with(' ')) out.pop_back();
    out += '\n';
  }
  return out;
}

}  // namespace sluice::app::manage
