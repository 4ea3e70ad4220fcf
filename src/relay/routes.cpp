#include "relay/routes.hpp"

#include <algorithm>

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

std::string shown_path(std::string_view path) {
  constexpr std::size_t segment_bytes_max = 24;
  constexpr std::size_t path_bytes_max = 200;
  std::string shown;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at + 1), path.size());
    const std::string_view segment = path.substr(at, end - at);
    if (shown.size() + segment.size() > path_bytes_max) return shown + "/...";
    shown += segment.size() > segment_bytes_max ? std::string_view("/...") : segment;
    at = end;
  }
  return shown;
}

}  // namespace sluice::relay
