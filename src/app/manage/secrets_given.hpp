#pragma once
/// Secrets that a command is given: by the environment, a file, the standard input or a person at the terminal, never by
/// its arguments.

#include <expected>
#include <string>
#include <string_view>

#include "app/config_values.hpp"

namespace sluice::app::manage {

/// "env:NAME", "file:PATH", "-". Errors are words for the user, never the secret. A terminal as standard input is asked, unseen. `what` is for the question.
[[nodiscard]] std::expected<Secret, std::string> read_source(std::string_view source,
                                                             const Environment& environment,
                                                             std::string_view what);
/// A password or passphrase from a file, or "-" for the standard input: its first line.
[[nodiscard]] std::expected<Secret, std::string> read_password(std::string_view file);

}  // namespace sluice::app::manage
