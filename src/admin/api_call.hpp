#pragma once
/// One call of the admin API on its way through: what the handlers of the routes see and fill.

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/admin_api.hpp"
#include "admin/api_routes.hpp"

namespace sluice::admin {

struct ApiCall {
  Management& management;
  SignIn& sign_in;
  store::Database& database;
  const ProgramFacts& facts;
  const ApiRequest& request;
  WallTime now;
  Visitor visitor;
  const Route& route;
  std::string id;                                          // of the path
  std::vector<std::pair<std::string, std::string>> query;  // decoded; each name once
  boost::json::object body = {};
  Actor actor = {};
  std::string cookie = {};  // the session's token; empty without one
  std::optional<SignedIn> session = {};
  std::optional<std::int64_t> version = {};  // of If-Match
  std::string fields = {};                   // for the answer: "name: value\r\n" lines
};

/// What the routes do: each gives the document of its answer, empty where that is a 204.
namespace handlers {
Outcome<boost::json::object> list_objects(ApiCall& call);
Outcome<boost::json::object> create_object(ApiCall& call);
Outcome<boost::json::object> get_object(ApiCall& call);
Outcome<boost::json::object> update_object(ApiCall& call);
Outcome<boost::json::object> remove_object(ApiCall& call);
Outcome<boost::json::object> restore_object(ApiCall& call);
Outcome<boost::json::object> rotate_object(ApiCall& call);
Outcome<boost::json::object> reset_password(ApiCall& call);
Outcome<boost::json::object> lift_account(ApiCall& call);
Outcome<boost::json::object> test_account(ApiCall& call);

Outcome<boost::json::object> sign_in(ApiCall& call);
Outcome<boost::json::object> show_session(ApiCall& call);
Outcome<boost::json::object> sign_out(ApiCall& call);
Outcome<boost::json::object> change_password(ApiCall& call);
Outcome<boost::json::object> offer_totp(ApiCall& call);
Outcome<boost::json::object> confirm_totp(ApiCall& call);
Outcome<boost::json::object> drop_totp(ApiCall& call);
Outcome<boost::json::object> set_up(ApiCall& call);

Outcome<boost::json::object> show_audit(ApiCall& call);
Outcome<boost::json::object> show_settings(ApiCall& call);
Outcome<boost::json::object> show_health(ApiCall& call);
}  // namespace handlers

// --- reading what came ---

[[nodiscard]] Outcome<std::string> text_member(const boost::json::object& body,
                                               std::string_view name);
/// Absent: empty.
[[nodiscard]] Outcome<std::string> optional_text_member(const boost::json::object& body,
                                                        std::string_view name);
/// Refuses members that aren't among `known`.
[[nodiscard]] Outcome<void> only_members(const boost::json::object& body,
                                         std::initializer_list<std::string_view> known);
[[nodiscard]] Outcome<void> only_parameters(const ApiCall& call,
                                            std::initializer_list<std::string_view> known);
[[nodiscard]] std::string_view parameter(const ApiCall& call, std::string_view name);
/// "limit": 1 to 1000, 100 where it isn't said.
[[nodiscard]] Outcome<std::size_t> limit_parameter(const ApiCall& call);

/// The cookie of a session, and the one that ends it.
[[nodiscard]] std::string session_cookie(std::string_view token, bool tls,
                                         std::chrono::seconds life);
[[nodiscard]] std::string_view session_cookie_name(bool tls);

}  // namespace sluice::admin
