// People who may sign in.

#include <algorithm>

#include "admin/document.hpp"
#include "admin/sign_in_person.hpp"
#include "admin/user_document.hpp"
#include "admin/user_password.hpp"
#include "admin/views.hpp"
#include "store/sessions.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;
using store::Object;

bool is_active_admin(const Object& object) {
  const auto person = person_of(object);
  return person && person->role == identity::Role::admin;
}

/// Somebody must be left who can let others in.
Outcome<void> keep_an_admin(const Desk& desk, const Object& before, const Object& after) {
  if (!is_active_admin(before) || is_active_admin(after)) return {};
  const auto users = desk.objects(Kind::user).all();
  if (std::any_of(users.begin(), users.end(), is_active_admin)) return {};
  return refuse(Errc::not_allowed,
                "this is the last admin who can sign in; make another one first");
}

class UserSubject final : public Subject {
 public:
  Outcome<void> prepare(json::object& fields, IsNew is_new) override {
    if (is_new == IsNew::no) {
      if (!fields.contains("password")) return {};
      return refuse_field("password", "is changed by resetting it");
    }
    std::string name;
    if (const json::value* given = fields.if_contains("name"); given && given->is_string()) {
      name = given->get_string();
    }
    std::optional<std::string> password;
    if (const json::value* given = fields.if_contains("password")) {
      if (!given->is_string()) return refuse_field("password", "must be a text");
      password = given->get_string();
      fields.erase("password");
    }
    TRY(password_, make_password(std::move(password), name));
    return {};
  }

  Outcome<void> apply(const Desk&, const json::object& fields, Object& object,
                      IsNew is_new) override {
    User user;
    if (is_new == IsNew::no) {
      TRY(user, read_user(object));
    }
    CHECK_OK(apply_user_fields(fields, user));
    if (user.name.empty()) return refuse_field("name", "is missing");
    object.name = user.name;
    object.document = serialized(user_document(user));
    return {};
  }

  Outcome<void> settle(const Desk& desk, const Object* before, const Object& after) override {
    if (before == nullptr) {
      CHECK_OK(
          desk.secrets.put(desk.transaction, after.id, password_secret, password_.hash, desk.now));
      return {};
    }
    CHECK_OK(keep_an_admin(desk, *before, after));
    if (!person_of(after)) store::Sessions(desk.transaction).drop_all(after.id, {});
    return {};
  }

  Outcome<View> view(const Desk& desk, const Object& object) override {
    TRY(const User user, read_user(object));
    View view = user_document(user);
    view["totp"] =
        store::SealedSecrets(desk.transaction).find(object.id, factor_secret).has_value();
    view["state"] = state_of(
        {.removed = object.removed.has_value(), .disabled = user.disabled, .expired = false});
    return view;
  }

  void show_once(View& view) const override {
    if (!password_.made.empty()) view["password"] = password_.made.reveal();
  }

 private:
  NewPassword password_;
};

}  // namespace

std::unique_ptr<Subject> make_user_subject() { return std::make_unique<UserSubject>(); }

}  // namespace sluice::admin
