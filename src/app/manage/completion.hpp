#pragma once
/// Completion scripts for shells, made of what the command line offers: commands, flags, fixed choices, and names out of the
/// store (asked of `sluice KIND list --names` when they are wanted).

#include <span>
#include <string>
#include <string_view>

#include "app/cli.hpp"

namespace sluice::app::manage {

/// `shell` "bash" or "zsh".
[[nodiscard]] std::string completion_script(std::string_view shell);

}  // namespace sluice::app::manage
