#include "identity/permits.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/glob.hpp"
#include "base/log.hpp"

namespace sluice::identity {
namespace {

bool any_matches(const std::vector<std::string>& patterns, std::string_view text) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return glob_match(pattern, text); });
}

}  // namespace

PatternList::PatternList(const std::vector<std::string>& patterns) : patterns_(patterns) {
  for (const std::string& pattern : patterns) {
    if (pattern.starts_with('!')) {
      denied_.push_back(pattern.substr(1));
    } else {
      allowed_.push_back(pattern);
    }
  }
}

bool PatternList::allows(std::string_view text) const {
  return (allowed_.empty() || any_matches(allowed_, text)) && !any_matches(denied_, text);
}

bool has_ended(const Expiry& expiry, std::optional<WallTime> first_used, WallTime now) {
  if (expiry.at && now >= *expiry.at) return true;
  return expiry.after_first_use.count() > 0 && first_used &&
         now - *first_used >= expiry.after_first_use;
}

Status permits(const Key& key, const Call& call) {
  if (key.disabled) {
    return fail(Errc::key_disabled, Side::client,
                fmt::format("key \"{}\" is switched off", key.name));
  }
  if (has_ended(key.expiry, call.first_used, call.now)) {
    return fail(Errc::key_expired, Side::client, fmt::format("key \"{}\" has expired", key.name));
  }
  const auto refuse = [&](std::string_view what, std::string_view value) -> Status {
    return fail(Errc::not_allowed, Side::client,
                fmt::format("key \"{}\" may not {} {}", key.name, what, log::quoted(value)));
  };
  if (!key.networks.empty() &&
      std::none_of(key.networks.begin(), key.networks.end(),
                   [&](const net::Network& network) { return network.contains(call.peer); })) {
    return refuse("be used from the address", call.peer.str());
  }
  if (!key.user_agents.allows(call.user_agent)) {
    return refuse("be used by the user agent", call.user_agent);
  }
  if (!key.dialects.empty() &&
      std::find(key.dialects.begin(), key.dialects.end(), call.dialect) == key.dialects.end()) {
    return refuse("speak the dialect", call.dialect);
  }
  if (!call.model.empty() && !key.models.allows(call.model)) {
    return refuse("use the model", call.model);
  }
  return {};
}

}  // namespace sluice::identity
