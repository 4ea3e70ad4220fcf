#pragma once
/// Made-up text: words of many scripts, with everything that JSON and UTF-8 make difficult.

#include <string>
#include <string_view>

#include "base/random.hpp"

namespace sluice::sim {

/// Appends one token's worth of text: UTF-8 of one to four bytes a character, quotes, backslashes, line ends.
void append_token(SeededRandom& random, std::string& out);

/// Appends `text` as a JSON string, quotes included; UTF-8 stays as it is.
void append_json_string(std::string_view text, std::string& out);

/// `size` letters and digits: what ids are made of.
void append_id(SeededRandom& random, std::size_t size, std::string& out);

/// The first place at or after `at` where no character is cut.
[[nodiscard]] std::size_t character_boundary(std::string_view text, std::size_t at);

}  // namespace sluice::sim
