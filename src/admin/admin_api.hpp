#pragma once
/// The admin API as a function: a request in, a response out. It knows no socket; whoever has one calls it where blocking is
/// allowed. docs/admin-api.md tells it in prose, `/admin/api/openapi.json` in full.

#include <boost/json/object.hpp>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "admin/management.hpp"
#include "admin/sign_in.hpp"

namespace sluice::admin {

struct ApiRequest {
  std::string method;
  std::string path;   // "/admin/api/v1/keys/01H...", "/setup"
  std::string query;  // without '?'
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string peer;  // address of the client
  bool tls = false;
  bool loopback_visitor = false;  // on this machine, and nobody's proxy: see docs/admin-api.md
  std::string request_id;
};

struct ApiResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::string fields;  // "name: value\r\n" lines
};

/// What only the running program knows.
struct ProgramFacts {
  std::function<boost::json::object()> health;  // version, store, accounts and keys in effect, ...
  std::function<boost::json::object()> settings;  // in effect, secrets as hints
  /// What works of an account and what not, bills nothing: [{"step", "ok", "message"}].
  std::function<boost::json::array(const provider::AccountSettings&)> test_account;
};

class AdminApi {
 public:
  AdminApi(Management& management, SignIn& sign_in, store::Database& database, const Clock& clock,
           ProgramFacts facts);

  static constexpr std::string_view prefix = "/admin/";
  static constexpr std::size_t body_bytes_max = std::size_t{1} << 20U;
  /// Whether a request for this path comes here: below `prefix`, and the pages of the set-up link.
  [[nodiscard]] static bool owns(std::string_view path);
  /// Never throws, never fails: what goes wrong is an answer.
  [[nodiscard]] ApiResponse respond(const ApiRequest& request);
  /// What went wrong before a request got here (its body, the deadline), in the same form.
  [[nodiscard]] static ApiResponse refusal(const Error& error, bool tls);
  /// The routes, for tests that walk them: method, path with {id}.
  [[nodiscard]] static std::vector<std::pair<std::string, std::string>> routes();

 private:
  [[nodiscard]] ApiResponse route(const ApiRequest& request);

  Management& management_;
  SignIn& sign_in_;
  store::Database& database_;
  const Clock& clock_;
  ProgramFacts facts_;
};

}  // namespace sluice::admin
