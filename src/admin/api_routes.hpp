#pragma once
/// The admin API as one table: what there is, who may call it, what it takes and gives. It routes requests, answers OPTIONS
/// and 405, and is what the OpenAPI document is made of.

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "admin/refusal.hpp"
#include "identity/roles.hpp"

namespace sluice::admin {

struct ApiCall;

inline constexpr std::string_view api_prefix = "/admin/api/v1";

enum class Access : std::uint8_t {
  open,       // anybody
  signed_in,  // with a session or an admin token
  session,    // people only: a token has no password and no second factor
  by_role,    // identity/roles.hpp decides, for `resource` and `action`
};

/// What a route asks for beside its body.
enum class Version : std::uint8_t { none, required };  // If-Match
enum class Paging : std::uint8_t { none, objects, audit };

struct Route {
  std::string_view method;
  std::string_view path;  // behind `api_prefix`, with {id}
  Access access;
  identity::Resource resource;
  identity::Action action;
  Outcome<boost::json::object> (*handle)(ApiCall& call);

  // For the document:
  std::string_view name;     // operationId
  std::string_view summary;  // one line
  std::string_view takes;    // schema of the body; empty: none
  std::string_view gives;    // schema of the answer; empty: 204
  int status = 200;
  Version version = Version::none;
  Paging paging = Paging::none;
  bool body_optional = false;
};

[[nodiscard]] std::span<const Route> api_routes();

struct RouteMatch {
  const Route* route = nullptr;  // null: no such path, or only with the methods of `allow`
  std::string id;                // decoded
  std::string allow;             // "GET, HEAD, ..., OPTIONS"; empty: no such path
};
/// `path` is raw and whole. HEAD is matched as GET.
[[nodiscard]] RouteMatch match_api_route(std::string_view method, std::string_view path);

}  // namespace sluice::admin
