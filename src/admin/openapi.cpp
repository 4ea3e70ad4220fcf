#include "admin/openapi.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "admin/api_routes.hpp"
#include "base/ascii.hpp"
#include "base/error.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;

json::object reference(std::string_view place, std::string_view name) {
  return {{"$ref", "#/components/" + std::string(place) + '/' + std::string(name)}};
}

json::object json_content(std::string_view schema) {
  return {{"application/json", json::object{{"schema", reference("schemas", schema)}}}};
}

bool writes(const Route& route) { return route.method != "GET"; }

json::array parameters_of(const Route& route) {
  json::array parameters;
  const auto add = [&](std::string_view name) {
    parameters.emplace_back(reference("parameters", name));
  };
  if (route.path.find("{id}") != std::string_view::npos) add("Id");
  if (route.version == Version::required) add("IfMatch");
  if (writes(route) && route.access != Access::open) add("CsrfToken");
  switch (route.paging) {
    case Paging::none: break;
    case Paging::objects:
      for (const char* name : {"Limit", "Cursor", "Text", "Removed"}) add(name);
      break;
    case Paging::audit:
      for (const char* name : {"Limit", "Cursor", "AuditKind", "AuditObject", "AuditActor"}) {
        add(name);
      }
      break;
  }
  return parameters;
}

json::array security_of(const Route& route) {
  json::array security;
  if (route.access == Access::open) return security;
  security.emplace_back(json::object{{"session", json::array()}});
  security.emplace_back(json::object{{"sessionTls", json::array()}});
  if (route.access != Access::session) {
    security.emplace_back(json::object{{"token", json::array()}});
  }
  return security;
}

json::object success_of(const Route& route) {
  json::object response{{"description", route.gives.empty() ? "Done" : "Done; the answer"}};
  json::object headers;
  // Objects that a write may follow say their version.
  const bool object = route.access == Access::by_role && !route.gives.empty() &&
                      route.paging == Paging::none && route.gives != "Settings" &&
                      route.gives != "Health" && route.gives != "AccountTest";
  if (object) headers["etag"] = reference("headers", "ETag");
  if (object && route.status == 201) headers["location"] = reference("headers", "Location");
  if (route.gives == "Session" && route.access == Access::open) {
    headers["set-cookie"] = reference("headers", "SetCookie");
  }
  if (!headers.empty()) response["headers"] = std::move(headers);
  if (!route.gives.empty()) response["content"] = json_content(route.gives);
  return response;
}

json::object responses_of(const Route& route) {
  json::object responses;
  responses[std::to_string(route.status)] = success_of(route);
  const auto add = [&](Errc code) {
    responses[std::to_string(http_status(code))] = reference("responses", to_string(code));
  };
  add(Errc::invalid_request);
  if (route.access != Access::open || route.name == "sign_in") add(Errc::not_signed_in);
  add(Errc::not_allowed);
  if (route.path.find("{id}") != std::string_view::npos || route.name == "confirm_totp") {
    add(Errc::not_found);
  }
  if (writes(route)) {
    add(Errc::already_exists);
    add(Errc::body_too_large);
    add(Errc::request_timeout);
  }
  if (route.version == Version::required) {
    add(Errc::version_conflict);
    add(Errc::version_missing);
  }
  if (route.resource == identity::Resource::session) add(Errc::rate_limited);
  add(Errc::internal);
  add(Errc::store_unavailable);
  return responses;
}

json::object operation_of(const Route& route) {
  json::object operation{{"operationId", route.name},
                         {"summary", route.summary},
                         {"tags", {identity::to_string(route.resource)}},
                         {"security", security_of(route)}};
  if (route.access == Access::by_role) {
    operation["x-sluice-right"] = json::object{{"resource", identity::to_string(route.resource)},
                                               {"action", identity::to_string(route.action)}};
  }
  json::array parameters = parameters_of(route);
  if (!parameters.empty()) operation["parameters"] = std::move(parameters);
  if (!route.takes.empty()) {
    operation["requestBody"] =
        json::object{{"required", !route.body_optional}, {"content", json_content(route.takes)}};
  }
  operation["responses"] = responses_of(route);
  return operation;
}

std::string make_document() {
  json::object paths;
  for (const Route& route : api_routes()) {
    const std::string path = std::string(api_prefix) + std::string(route.path);
    json::value& item = paths[path];
    if (!item.is_object()) item = json::object();
    item.get_object()[ascii::to_lower(route.method)] = operation_of(route);
  }
  const json::object document{
      {"openapi", "3.1.0"},
      {"info",
       {{"title", "sluice admin API"},
        {"version", "1"},
        {"summary", "Accounts, pools, keys, users and admin tokens of a sluice installation"},
        {"description",
         "Lists page by cursor. Objects carry `version`, also as ETag; whoever changes one says "
         "which "
         "version he saw in If-Match. Secrets are never given back, but for new ones, once."}}},
      {"servers", {{{"url", "/"}}}},
      {"paths", std::move(paths)},
      {"components", openapi_components()}};
  return json::serialize(document);
}

}  // namespace

const std::string& openapi_document() {
  static const std::string document = make_document();
  return document;
}

}  // namespace sluice::admin
