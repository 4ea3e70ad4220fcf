// Management: secrets that are made new, and those of accounts opened.

#include <fmt/format.h>

#include <algorithm>

#include "admin/account_document.hpp"
#include "admin/account_secrets.hpp"
#include "admin/declared.hpp"
#include "admin/management_work.hpp"
#include "admin/sign_in_person.hpp"
#include "admin/sign_in_tokens.hpp"
#include "admin/token_document.hpp"
#include "admin/user_password.hpp"
#include "store/hashed_secrets.hpp"
#include "store/sessions.hpp"

namespace sluice::admin {
namespace {

using identity::Action;
using identity::Reach;
using store::Object;
using store::Transaction;

constexpr std::chrono::seconds grace_max = std::chrono::days(90);
constexpr std::ptrdiff_t secrets_max = 8;  // that work at once

/// A program can't get a token that may do more than its own.
Outcome<void> may_hold(const Actor& actor, Kind kind, const Object& object) {
  if (kind != Kind::token) return {};
  TRY(const AdminToken token, read_token(object));
  if (actor.scopes.include(token.scopes)) return {};
  return refuse(Errc::not_allowed, "this token may do more than the one that asks for its secret");
}

/// The secrets of `owner` work for `grace` more, and `secret` from now on.
Outcome<void> replace_secret(const Desk& desk, Kind kind, const std::string& owner,
                             const Secret& secret, std::chrono::seconds grace) {
  store::HashedSecrets table(desk.transaction, kind);
  if (grace.count() == 0) {
    table.drop(owner, std::nullopt);
  } else {
    table.drop(owner, desk.now);
    if (std::ssize(table.of(owner)) >= secrets_max) {
      return refuse_field("grace",
                          fmt::format("{} secrets work already; a rotation without grace ends "
                                      "them all",
                                      secrets_max));
    }
    table.end(owner, desk.now + grace);
  }
  CHECK_OK(table.insert({.hash = sha256(secret.reveal()),
                         .owner = owner,
                         .hint = secret.hint(),
                         .created = desk.now,
                         .valid_until = {}}));
  return {};
}

}  // namespace

Outcome<View> Management::rotate(const Actor& actor, Kind kind, std::string_view which,
                                 std::optional<std::int64_t> version, std::chrono::seconds grace) {
  if (kind != Kind::key && kind != Kind::token) {
    return refuse(Errc::invalid_request, "only keys and admin tokens are rotated");
  }
  TRY(const Reach reach, may(actor, kind, Action::rotate));
  if (grace.count() < 0 || grace > grace_max) {
    return refuse_field("grace", "must be from 0 to 90 days");
  }
  const auto subject = make_subject(kind);
  const auto declared = this->declared();
  const Secret secret = kind == Kind::key ? make_client_key() : make_admin_token();
  const auto work = [&](Transaction& transaction) -> Outcome<View> {
    const Desk desk{transaction, secrets_, *declared, actor, clock_.wall_now()};
    TRY(const Object before, find_to_change(desk, kind, which, reach, version));
    CHECK_OK(may_hold(actor, kind, before));
    TRY(const View view_before, view_of(desk, *subject, before));
    CHECK_OK(replace_secret(desk, kind, before.id, secret, grace));
    Object after = before;
    CHECK_OK(write_change(desk, kind, *subject, before, after));
    TRY(View view, view_of(desk, *subject, after));
    write_audit(desk, kind, "rotate", after, view_before, view);
    return view;
  };
  TRY(View view, in_transaction<View>(database_, Access::write, work));
  view["secret"] = secret.reveal();
  return view;
}

Outcome<View> Management::reset_password(const Actor& actor, std::string_view which,
                                         std::optional<std::string> password) {
  TRY(const Reach reach, may(actor, Kind::user, Action::update));
  TRY(const View user, get(actor, Kind::user, which));
  const std::string id(user.at("id").as_string());
  // Before the transaction: it takes long.
  TRY(const NewPassword made,
      make_password(std::move(password), std::string_view(user.at("name").as_string())));
  const auto subject = make_subject(Kind::user);
  const auto declared = this->declared();
  const auto work = [&](Transaction& transaction) -> Outcome<View> {
    const Desk desk{transaction, secrets_, *declared, actor, clock_.wall_now()};
    TRY(const Object before, find_to_change(desk, Kind::user, id, reach, std::nullopt));
    CHECK_OK(secrets_.put(transaction, id, password_secret, made.hash, desk.now));
    // Who has lost the second factor has no other way in.
    store::SealedSecrets(transaction).drop(id, factor_secret);
    store::SealedSecrets(transaction).drop(id, factor_offer_secret);
    store::Sessions(transaction).drop_all(id, {});
    Object after = before;
    CHECK_OK(write_change(desk, Kind::user, *subject, before, after));
    TRY(View view, view_of(desk, *subject, after));
    write_audit(desk, Kind::user, "reset_password", after, view, view);
    return view;
  };
  TRY(View view, in_transaction<View>(database_, Access::write, work));
  if (!made.made.empty()) view["password"] = made.made.reveal();
  return view;
}

Outcome<provider::AccountSettings> Management::account(const Actor& actor, std::string_view which) {
  using provider::AccountSettings;
  TRY(const Reach reach, may(actor, Kind::account, Action::update));
  const auto declared = this->declared();
  if (const auto* account = find_declared_account(*declared, which)) return *account;
  const auto work = [&](Transaction& transaction) -> Outcome<AccountSettings> {
    const Desk desk{transaction, secrets_, *declared, actor, clock_.wall_now()};
    TRY(const Object object, find_object(desk, Kind::account, which, reach));
    TRY(AccountSettings account, read_account(object));
    CHECK_OK(place_secrets(account, store::SealedSecrets(transaction).of(object.id), secrets_));
    return account;
  };
  return in_transaction<AccountSettings>(database_, Access::read, work);
}

}  // namespace sluice::admin
