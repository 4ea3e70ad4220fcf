#pragma once
/// Thinking that an account has signed, for requests that must go on with another one.

#include <optional>
#include <string>
#include <string_view>

namespace sluice::dialect::anthropic {

/// The body without the thinking and redacted_thinking blocks of its assistant messages: all of them, as one that is missing in the
/// middle is refused. A message that had nothing else goes too: empty ones are refused, and turns of one role are joined by the
/// provider. An assistant's turn that waits for its tools must begin with its thinking where that is `enabled`; it is then
/// disabled for this request. All other bytes stay.
///
/// nullopt  there is none, no message would be left, or the body isn't JSON.
[[nodiscard]] std::optional<std::string> without_signatures(std::string_view body);

}  // namespace sluice::dialect::anthropic
