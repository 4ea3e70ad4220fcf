#pragma once
/// The conversation in a Messages request, by which its turns are recognised.

#include <string_view>

#include "dialect/dialect.hpp"

namespace sluice::dialect::anthropic {

/// Prefixes end, in the provider's order, behind the tools, behind the system prompt, and behind each of the last messages; earlier
/// messages that carry a marker stay too. What is hashed is the text as it stands, without its `cache_control` markers: moving them
/// changes nothing. A content that is one text block counts as the string in it, as clients turn the one into the other to hang a
/// marker on it.
///
/// Not exact  a marker counts for the end of its message, system prompt or tools, wherever it stands in it; one deep inside (but for
///            the blocks of a tool's result) is text as any other; names spelt with escapes are other names.
/// Input      a body that `read_request` took; anything else gives nonsense or an empty one.
/// Cost       one walk over the body, no allocation: 2 us for 4 KB, 50 us for 200 KB (bench/conversation.cpp).
[[nodiscard]] Conversation read_conversation(std::string_view body);

}  // namespace sluice::dialect::anthropic
