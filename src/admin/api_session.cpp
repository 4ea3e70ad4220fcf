// Who is signed in: the routes of /session and /setup.

#include "admin/api_call.hpp"
#include "identity/key_grammar.hpp"

namespace sluice::admin::handlers {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds ended{0};

json::object session_document(ApiCall& call, const Actor& actor, const SignedIn* session) {
  json::object document{{"actor", actor.id},
                        {"name", actor.name},
                        {"user", actor.user.empty() ? json::value() : json::value(actor.user)},
                        {"role", identity::to_string(actor.role)}};
  json::array& scopes = document["scopes"].emplace_array();
  for (const std::string& word : actor.scopes.words()) scopes.emplace_back(word);
  const auto factor = call.sign_in.has_totp(actor);
  document["second_factor"] = factor && *factor;
  if (session != nullptr) {
    document["csrf_token"] = session->csrf;
    document["expires"] = identity::rfc3339_text(session->expires);
  }
  return document;
}

json::object open_session(ApiCall& call, const SignedIn& session) {
  const auto life = std::chrono::floor<std::chrono::seconds>(session.expires - call.now);
  call.fields += session_cookie(session.token.reveal(), call.request.tls, life);
  // The browser holds one session: the one before this is over.
  if (!call.cookie.empty()) call.sign_in.sign_out(call.cookie);
  return session_document(call, session.actor, &session);
}

}  // namespace

Outcome<json::object> sign_in(ApiCall& call) {
  CHECK_OK(only_members(call.body, {"user", "password", "code"}));
  TRY(const std::string user, text_member(call.body, "user"));
  TRY(const std::string password, text_member(call.body, "password"));
  TRY(const std::string code, optional_text_member(call.body, "code"));
  TRY(const SignedIn session,
      call.sign_in.with_password(user, Secret(password), code, call.visitor));
  return open_session(call, session);
}

Outcome<json::object> show_session(ApiCall& call) {
  return session_document(call, call.actor, call.session ? &*call.session : nullptr);
}

Outcome<json::object> sign_out(ApiCall& call) {
  call.sign_in.sign_out(call.cookie);
  call.fields += session_cookie("", call.request.tls, ended);
  return json::object();
}

Outcome<json::object> change_password(ApiCall& call) {
  CHECK_OK(only_members(call.body, {"password", "new_password"}));
  TRY(const std::string old_one, text_member(call.body, "password"));
  TRY(const std::string new_one, text_member(call.body, "new_password"));
  CHECK_OK(call.sign_in.change_password(call.actor, Secret(old_one), Secret(new_one), call.cookie));
  return json::object();
}

Outcome<json::object> offer_totp(ApiCall& call) {
  TRY(const SignIn::TotpOffer offer, call.sign_in.offer_totp(call.actor));
  return json::object{{"secret", offer.secret.reveal()}, {"url", offer.url.reveal()}};
}

Outcome<json::object> confirm_totp(ApiCall& call) {
  CHECK_OK(only_members(call.body, {"code"}));
  TRY(const std::string code, text_member(call.body, "code"));
  TRY(const std::vector<Secret> codes, call.sign_in.confirm_totp(call.actor, code));
  json::array all;
  for (const Secret& one : codes) all.emplace_back(one.reveal());
  return json::object{{"recovery_codes", std::move(all)}};
}

Outcome<json::object> drop_totp(ApiCall& call) {
  CHECK_OK(only_members(call.body, {"password"}));
  TRY(const std::string password, text_member(call.body, "password"));
  CHECK_OK(call.sign_in.drop_totp(call.actor, Secret(password)));
  return json::object();
}

Outcome<json::object> set_up(ApiCall& call) {
  CHECK_OK(only_members(call.body, {"token", "user", "password"}));
  TRY(const std::string token, text_member(call.body, "token"));
  TRY(const std::string user, text_member(call.body, "user"));
  TRY(const std::string password, text_member(call.body, "password"));
  TRY(const SignedIn session, call.sign_in.set_up(token, user, Secret(password), call.visitor));
  return open_session(call, session);
}

}  // namespace sluice::admin::handlers
