#pragma once
/// Which call of which dialect a request is. Pure.

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::relay {

enum class Call : std::uint8_t { messages, count_tokens, models, model };

struct Route {
  Call call = Call::messages;
  std::string_view dialect;  // "anthropic"
  std::string_view path;     // as the provider knows it: without our prefix
  std::string_view allow;    // methods, for `allow:`
};

enum class RouteMatch : std::uint8_t { none, wrong_method, found };

/// Matches the raw path exactly (see wire::check_target for what may stand in one). `says_anthropic`: the request
/// carries `anthropic-version`, which tells `/v1/models` of this dialect from that of others.
[[nodiscard]] RouteMatch match_route(std::string_view method, std::string_view path,
                                     bool says_anthropic, Route& out);

/// A path that nobody knows, for messages and the log: long segments become "...", as it may be a key that a client was told
/// to put into its base URL.
[[nodiscard]] std::string shown_path(std::string_view path);

}  // namespace sluice::relay
