#pragma once
/// Text for people: tables and lists, aligned by what a terminal shows (a Chinese character takes two columns), cut to its
/// width, and without anything that could steer it.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::app::manage {

enum class Tone : std::uint8_t { plain, good, bad, faint };

struct Cell {
  std::string text;
  Tone tone = Tone::plain;
};

struct TextStyle {
  std::size_t columns = 0;  // of the terminal; 0: nothing is cut
  bool colours = false;
};

/// In columns of a terminal.
[[nodiscard]] std::size_t display_width(std::string_view text);
/// At most `columns` wide; what is cut ends in "…".
[[nodiscard]] std::string cut_to_width(std::string_view text, std::size_t columns);
/// Control characters and broken UTF-8 replaced by U+FFFD, line breaks by a blank.
[[nodiscard]] std::string printable(std::string_view text);

/// A line of titles and one for each row; "" without rows.
[[nodiscard]] std::string table_text(std::span<const std::string_view> titles,
                                     const std::vector<std::vector<Cell>>& rows,
                                     const TextStyle& style);
/// "name:      main" a line, the values in one column. Values aren't cut: they are there to be read.
[[nodiscard]] std::string list_text(const std::vector<std::pair<std::string, Cell>>& lines,
                                    const TextStyle& style);

}  // namespace sluice::app::manage
