#pragma once
/// Rests on their way between routing, which knows conditions, and the store, which knows words.

#include <optional>

#include "routing/account_health.hpp"
#include "store/account_rests.hpp"

namespace sluice::app {

/// What rests shorter is over before anybody could do something about it: it isn't written down and nobody is told of it.
inline constexpr std::chrono::seconds short_rest{60};
[[nodiscard]] bool is_short(const routing::Rest& rest);

/// Times to the microsecond, as the store keeps them.
[[nodiscard]] store::AccountRest stored_rest(const AccountId& account, const routing::Rest& rest);
/// nullopt: of another version, with words that this one doesn't know.
[[nodiscard]] std::optional<routing::Rest> routing_rest(const store::AccountRest& rest);

}  // namespace sluice::app
