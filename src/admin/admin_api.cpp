#include "admin/admin_api.hpp"

#include <boost/json/serialize.hpp>
#include <exception>

#include "admin/api_answers.hpp"
#include "admin/api_call.hpp"
#include "admin/api_credentials.hpp"
#include "admin/api_json.hpp"
#include "admin/api_pages.hpp"
#include "admin/api_routes.hpp"
#include "admin/openapi.hpp"
#include "base/log.hpp"

namespace sluice::admin {
namespace {

constexpr std::string_view document_path = "/admin/api/openapi.json";

bool reads(std::string_view method) { return method == "GET" || method == "HEAD"; }

std::unexpected<Refusal> forged() {
  return refuse(
      Errc::not_allowed,
      "x-csrf-token is missing or isn't this session's; GET /admin/api/v1/session gives it");
}

/// Finds out who calls, and refuses writes that a page of another site may have caused.
Outcome<void> authenticate(ApiCall& call) {
  const bool writes = !reads(call.request.method);
  if (writes && from_another_site(call.request)) {
    return refuse(Errc::not_allowed, "this was sent by a page of another site");
  }
  TRY(const ApiCredential credential, credential_of(call.request));
  call.cookie = credential.cookie;
  if (call.route.access == Access::open) return {};
  if (!credential.bearer.empty()) {
    TRY(call.actor, call.sign_in.with_token(credential.bearer, call.visitor));
    return {};
  }
  if (call.cookie.empty()) {
    return refuse(Errc::not_signed_in, "sign in, or send an admin token as Authorization: Bearer");
  }
  TRY(call.session, call.sign_in.resume(call.cookie, call.visitor));
  call.actor = call.session->actor;
  if (writes && !SignIn::csrf_matches(call.cookie, header_of(call.request, "x-csrf-token"))) {
    return forged();
  }
  return {};
}

Outcome<void> authorize(const ApiCall& call) {
  const Route& route = call.route;
  if (route.access == Access::session && !call.session) {
    return refuse(Errc::not_allowed, "this takes a session: a token has no password to change");
  }
  if (route.access != Access::by_role) return {};
  const auto reach =
      identity::reach(call.actor.role, call.actor.scopes, route.resource, route.action);
  if (reach != identity::Reach::nothing) return {};
  return refuse(Errc::not_allowed, "the role " + std::string(identity::to_string(call.actor.role)) +
                                       ", or the token's scopes, do not permit to " +
                                       std::string(identity::to_string(route.action)) + ' ' +
                                       std::string(identity::to_string(route.resource)));
}

Outcome<void> read_input(ApiCall& call) {
  TRY(call.query, parameters_of(call.request.query));
  if (call.route.paging == Paging::none) CHECK_OK(only_parameters(call, {}));
  if (call.route.version == Version::required) {
    TRY(const std::int64_t version, version_of(call.request));
    call.version = version;
  }
  const std::string& body = call.request.body;
  if (body.empty() && (call.route.takes.empty() || call.route.body_optional)) return {};
  if (body.size() > AdminApi::body_bytes_max) {
    return refuse(Errc::body_too_large, "a body of the admin API has at most 1 MiB");
  }
  if (!says_json(call.request)) {
    return refuse(Errc::invalid_request, "the body must be JSON: content-type: application/json");
  }
  TRY(call.body, parse_api_body(body));
  if (call.route.takes.empty()) CHECK_OK(only_members(call.body, {}));
  return {};
}

Outcome<boost::json::object> run(ApiCall& call) {
  CHECK_OK(authenticate(call));
  CHECK_OK(authorize(call));
  CHECK_OK(read_input(call));
  return call.route.handle(call);
}

ApiResponse success(const ApiCall& call, const boost::json::object& document) {
  ApiResponse response;
  response.status = call.route.status;
  response.fields = security_fields(data_policy, call.request.tls) + call.fields;
  if (call.route.gives.empty()) {
    response.content_type.clear();
  } else {
    response.body = boost::json::serialize(document);
  }
  return response;
}

ApiResponse allowed_methods(std::string_view allow, bool tls) {
  ApiResponse response;
  response.status = 204;
  response.content_type.clear();
  response.fields = security_fields(data_policy, tls);
  ((response.fields += "allow: ") += allow) += "\r\n";
  return response;
}

/// What the program or the store is to blame for stands in the log, once, with the request's id.
void note_fault(const ApiRequest& request, const Refusal& refusal) {
  if (http_status(refusal.code) < 500) return;
  log::error("admin.failed request={} code={} reason={}", request.request_id,
             to_string(refusal.code), log::quoted(refusal.message));
}

}  // namespace

AdminApi::AdminApi(Management& management, SignIn& sign_in, store::Database& database,
                   const Clock& clock, ProgramFacts facts)
    : management_(management),
      sign_in_(sign_in),
      database_(database),
      clock_(clock),
      facts_(std::move(facts)) {}

ApiResponse AdminApi::respond(const ApiRequest& request) {
  try {
    return route(request);
  } catch (const std::exception& exception) {
    const Refusal refusal(Errc::internal, {}, exception.what());
    note_fault(request, refusal);
    return refusal_response(refusal, request.tls);
  }
}

ApiResponse AdminApi::route(const ApiRequest& request) {
  const bool fixed = is_page(request.path) || request.path == document_path;
  RouteMatch match = match_api_route(request.method, request.path);
  if (fixed) match.allow = "GET, HEAD, OPTIONS";
  if (match.allow.empty()) {
    return refusal_response({Errc::unknown_route, {}, "no such route"}, request.tls);
  }
  if (request.method == "OPTIONS") return allowed_methods(match.allow, request.tls);
  if (fixed && reads(request.method)) {
    if (request.path != document_path) return page(request.path, request.tls);
    ApiResponse response;
    response.body = openapi_document();
    response.fields = security_fields(data_policy, request.tls);
    return response;
  }
  if (match.route == nullptr) {
    auto response = refusal_response(
        {Errc::method_not_allowed, {}, "this route takes " + match.allow}, request.tls);
    ((response.fields += "allow: ") += match.allow) += "\r\n";
    return response;
  }
  ApiCall call{.management = management_,
               .sign_in = sign_in_,
               .database = database_,
               .facts = facts_,
               .request = request,
               .now = clock_.wall_now(),
               .visitor = {.peer = request.peer,
                           .user_agent = std::string(header_of(request, "user-agent")),
                           .tls = request.tls,
                           .loopback = request.loopback_visitor},
               .route = *match.route,
               .id = std::move(match.id),
               .query = {}};
  const auto document = run(call);
  if (document) return success(call, *document);
  note_fault(request, document.error());
  return refusal_response(document.error(), request.tls);
}

ApiResponse AdminApi::refusal(const Error& error, bool tls) { return refusal_response(error, tls); }

bool AdminApi::owns(std::string_view path) { return path.starts_with(prefix) || is_page(path); }

std::vector<std::pair<std::string, std::string>> AdminApi::routes() {
  std::vector<std::pair<std::string, std::string>> all;
  for (const Route& one : api_routes()) {
    all.emplace_back(one.method, std::string(api_prefix) + std::string(one.path));
  }
  return all;
}

}  // namespace sluice::admin
