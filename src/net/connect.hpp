#pragma once
/// A TCP connection to whichever of several addresses answers first. Source: RFC 8305 ("happy eyeballs"), 5.

#include <memory>

#include "net/resolver.hpp"
#include "net/stream.hpp"

namespace sluice::net {

/// Before the next address is tried beside those that haven't answered.
inline constexpr Milliseconds attempt_delay{250};
inline constexpr std::size_t addresses_max = 8;

/// Tries `addresses` in their order: the next one as soon as one failed, or beside the others after `attempt_delay`. The losers are
/// closed. Errors: upstream_unreachable (why the last one failed), upstream_timeout, client_gone (`gone` left; null: not watched).
[[nodiscard]] Task<Result<std::unique_ptr<Stream>>> connect_any(Loop& loop, Timer& timer,
                                                                Addresses addresses,
                                                                TimePoint deadline,
                                                                Descriptor* gone);

}  // namespace sluice::net
