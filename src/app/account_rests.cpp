#include "app/account_rests.hpp"

#include <algorithm>
#include <array>

namespace sluice::app {
namespace {

WallTime in_micros(WallTime time) { return std::chrono::floor<std::chrono::microseconds>(time); }

std::optional<routing::Condition> parse_condition(std::string_view word) {
  using enum routing::Condition;
  for (const routing::Condition condition : {cooling, unauthorized, blocked}) {
    if (to_string(condition) == word) return condition;
  }
  return {};
}

}  // namespace

bool is_short(const routing::Rest& rest) {
  return rest.until != WallTime::max() && rest.until - rest.since < short_rest;
}

store::AccountRest stored_rest(const AccountId& account, const routing::Rest& rest) {
  store::AccountRest out{.account = account.str(),
                         .model = rest.model,
                         .state = std::string(to_string(rest.condition)),
                         .rule = std::string(to_string(rest.rule)),
                         .reason = rest.reason,
                         .since = in_micros(rest.since),
                         .until = {},
                         .level = rest.level};
  if (rest.until != WallTime::max()) out.until = in_micros(rest.until);
  return out;
}

std::optional<routing::Rest> routing_rest(const store::AccountRest& rest) {
  const auto condition = parse_condition(rest.state);
  const auto rule = routing::parse_rest_rule(rest.rule);
  if (!condition || !rule) return {};
  return routing::Rest{.model = rest.model,
                       .condition = *condition,
                       .rule = *rule,
                       .reason = rest.reason,
                       .since = rest.since,
                       .until = rest.until.value_or(WallTime::max()),
                       .level = static_cast<int>(rest.level)};
}

}  // namespace sluice::app
