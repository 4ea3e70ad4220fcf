#pragma once
/// Who calls the admin side: people with a session cookie, programs with an admin token, and the very first visitor with a
/// set-up link.
///
/// Sessions   256 random bits in a cookie, their SHA-256 in the store, ended after `session` and when the password changes.
/// CSRF       derived from the session token; a write must show it in `x-csrf-token`.
/// Throttle   per user and per address, in the store, so that a restart forgives nothing; a loopback visitor is never locked
///            out, only slowed down.
/// Errors     not_signed_in (one message for unknown user, wrong password and wrong code), rate_limited (with when to come
///            again), not_allowed.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/actor.hpp"
#include "admin/refusal.hpp"
#include "store/secret_box.hpp"

namespace sluice::admin {

struct Visitor {
  std::string peer;
  std::string user_agent;
  bool tls = false;
  bool loopback = false;
};

struct SignedIn {
  Secret token;  // for the cookie
  std::string csrf;
  Actor actor;
  WallTime expires;
};

class SignIn {
 public:
  SignIn(store::Database& database, store::SecretBox& secrets, const Clock& clock,
         Milliseconds session);

  /// `code`: TOTP or a recovery code; empty where none is set up. not_signed_in with the field "code" asks for one.
  [[nodiscard]] Outcome<SignedIn> with_password(std::string_view user, const Secret& password,
                                                std::string_view code, const Visitor& visitor);
  [[nodiscard]] Outcome<SignedIn> resume(std::string_view cookie, const Visitor& visitor);
  [[nodiscard]] Outcome<Actor> with_token(std::string_view bearer, const Visitor& visitor);
  void sign_out(std::string_view cookie);
  [[nodiscard]] static bool csrf_matches(std::string_view cookie, std::string_view presented);

  // --- the first start ---
  [[nodiscard]] Result<bool> has_users();
  /// A fresh one-time token of one hour, for `/setup#TOKEN`; the one before it is void.
  [[nodiscard]] Result<Secret> make_setup_token();
  /// Creates the first admin. Only over TLS or from loopback, once.
  [[nodiscard]] Outcome<SignedIn> set_up(std::string_view token, std::string_view user,
                                         const Secret& password, const Visitor& visitor);

  /// The same without a link, for whoever starts the program: an admin of that name, unless there is a user already.
  [[nodiscard]] Outcome<bool> make_first_user(std::string_view user, const Secret& password);

  // --- one's own second factor and password ---
  struct TotpOffer {
    Secret secret;  // base32
    Secret url;     // otpauth://
  };
  /// Nothing is in force before it is confirmed. Errors  not_allowed: the actor is nobody with a password.
  [[nodiscard]] Outcome<TotpOffer> offer_totp(const Actor& actor);
  /// Gives the recovery codes.
  [[nodiscard]] Outcome<std::vector<Secret>> confirm_totp(const Actor& actor,
                                                          std::string_view code);
  [[nodiscard]] Result<bool> has_totp(const Actor& actor);
  [[nodiscard]] Outcome<void> drop_totp(const Actor& actor, const Secret& password);
  [[nodiscard]] Outcome<void> change_password(const Actor& actor, const Secret& old_one,
                                              const Secret& new_one, std::string_view keep_session);

 private:
  [[nodiscard]] SignedIn begin_session(store::Transaction& transaction, const Actor& actor,
                                       const Visitor& visitor);
  /// One's own password, asked for again before what a stranger at an open screen shall not do.
  [[nodiscard]] Outcome<void> confirm_password(const Actor& actor, const Secret& password,
                                               std::string_view field);

  store::Database& database_;
  store::SecretBox& secrets_;
  const Clock& clock_;
  Milliseconds session_;
};

}  // namespace sluice::admin
