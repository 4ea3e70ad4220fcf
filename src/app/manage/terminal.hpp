#pragma once
/// The terminal, if there is one: what may be asked, and how wide and colourful an answer may be.

#include <optional>
#include <string>
#include <string_view>

#include "app/manage/text_table.hpp"
#include "base/secret.hpp"

namespace sluice::app::manage {

/// A person sits there: questions go to stderr, answers come from stdin.
[[nodiscard]] bool can_ask();
/// For stdout: its width, and colours unless NO_COLOR is set; neither when it isn't a terminal.
[[nodiscard]] TextStyle output_style();

/// What the person types, unseen; nullopt when the input ended.
[[nodiscard]] std::optional<Secret> ask_secret(std::string_view question);
/// True for "y" or "yes".
[[nodiscard]] bool ask_yes(std::string_view question);

}  // namespace sluice::app::manage
