#include "relay/routes.hpp"

#include <array>

namespace sluice::relay {
namespace {

constexpr std::array<std::string_view, 3> anthropic_prefixes = {"/anthropic", "/api", "/claude"};

/// The prefix of ours that `path` begins with; empty for none.
std::string_view prefix_of(std::string_view path) {
  for (const std::string_view prefix : anthropic_prefixes) {
    if (path.starts_with(prefix) && path.size() > prefix.size() && path[prefix.size()] == '/') {
      return prefix;
    }
  }
  return {};
}

bool is_model_id(std::string_view text) {
  return !text.empty() && text.find('/') == std::string_view::npos;
}

}  // namespace

RouteMatch match_route(std::string_view method, std::string_view path, bool says_anthropic,
                       Route& out) {
  const std::string_view prefix = prefix_of(path);
  const bool is_anthropic = says_anthropic || !prefix.empty();
  path.remove_prefix(prefix.size());
  out.dialect = "anthropic";
  out.path = path;
  constexpr std::string_view models = "/v1/models";
  if (path == "/v1/messages") {
    out.call = Call::messages;
  } else if (path == "/v1/messages/count_tokens") {
    out.call = Call::count_tokens;
  } else if (is_anthropic && path == models) {
    out.call = Call::models;
  } else if (is_anthropic && path.starts_with(models) && path[models.size()] == '/' &&
             is_model_id(path.substr(models.size() + 1))) {
    out.call = Call::model;
  } else {
    return RouteMatch::none;
  }
  const bool posts = out.call == Call::messages || out.call == Call::count_tokens;
  out.allow = posts ? "POST" : "GET, HEAD";
  const bool allowed = posts ? method == "POST" : method == "GET" || method == "HEAD";
  return allowed ? RouteMatch::found : RouteMatch::wrong_method;
}

}  // namespace sluice::relay
