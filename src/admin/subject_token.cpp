// Admin tokens.

#include "admin/document.hpp"
#include "admin/sign_in_tokens.hpp"

#include "admin/token_document.hpp"
#include "admin/views.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;
using store::Object;

class TokenSubject final : public Subject {
 public:
  Outcome<void> prepare(json::object&, IsNew is_new) override {
    if (is_new == IsNew::yes) made_ = make_admin_token();
    return {};
  }

  Outcome<void> apply(const Desk& desk, const json::object& fields, Object& object,
                      IsNew is_new) override {
    AdminToken token;
    if (is_new == IsNew::no) {
      TRY(token, read_token(object));
    }
    const identity::Scopes before = token.scopes;
    CHECK_OK(apply_token_fields(fields, token));
    if (token.name.empty()) return refuse_field("name", "is missing");
    if (!desk.actor.scopes.include(token.scopes) ||
        (is_new == IsNew::no && !desk.actor.scopes.include(before))) {
      return std::unexpected(Refusal(Errc::not_allowed, "scopes",
                                     "a token may hand on its own scopes only, and no more"));
    }
    object.name = token.name;
    if (is_new == IsNew::yes) object.owner = desk.actor.user;
    object.document = serialized(token_document(token));
    return {};
  }

  Outcome<void> settle(const Desk& desk, const Object* before, const Object& after) override {
    if (before != nullptr) return {};
    CHECK_OK(store::HashedSecrets(desk.transaction, Kind::token)
                 .insert({.hash = sha256(made_.reveal()),
                          .owner = after.id,
                          .hint = made_.hint(),
                          .created = desk.now,
                          .valid_until = {}}));
    return {};
  }

  Outcome<View> view(const Desk& desk, const Object& object) override {
    TRY(const AdminToken token, read_token(object));
    View view;
    view["owner"] = owner_json(desk, object.owner);
    const View document = token_document(token);
    for (const auto& member : document) view[member.key()] = member.value();
    view["state"] = state_of({.removed = object.removed.has_value(),
                              .disabled = token.disabled || !owner_is_active(desk, object.owner),
                              .expired = token.expires && *token.expires <= desk.now});
    show_hashed_secrets(view, store::HashedSecrets(desk.transaction, Kind::token).of(object.id),
                        desk.now);
    return view;
  }

  void show_once(View& view) const override { view["secret"] = made_.reveal(); }

 private:
  Secret made_;
};

}  // namespace

std::unique_ptr<Subject> make_token_subject() { return std::make_unique<TokenSubject>(); }

}  // namespace sluice::admin
