// Client keys.

#include <fmt/format.h>

#include <algorithm>

#include "admin/document.hpp"
#include "admin/key_document.hpp"
#include "admin/key_view.hpp"
#include "admin/views.hpp"
#include "base/log.hpp"
#include "base/names.hpp"
#include "store/activity.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;
using store::Object;

/// By id or name.
Outcome<std::string> find_owner(const Desk& desk, const std::string& which) {
  auto user = desk.objects(Kind::user).find(which);
  if (!user) user = desk.objects(Kind::user).find_by_name(which);
  if (!user || user->removed) {
    return refuse_field("owner", fmt::format("there is no user {}", log::quoted(which)));
  }
  return user->id;
}

Outcome<void> check_accounts(const Desk& desk, const std::vector<std::string>& accounts) {
  for (const std::string& name : accounts) {
    const bool declared =
        std::any_of(desk.declared.accounts.begin(), desk.declared.accounts.end(),
                    [&](const provider::AccountSettings& account) { return account.name == name; });
    if (declared || desk.objects(Kind::account).find_by_name(name)) continue;
    std::vector<std::string> names;
    for (const Object& object : desk.objects(Kind::account).all()) names.push_back(object.name);
    return refuse_field("accounts", fmt::format("there is no account {}{}", log::quoted(name),
                                                did_you_mean(name, names)));
  }
  return {};
}

class KeySubject final : public Subject {
 public:
  Outcome<void> prepare(json::object& fields, IsNew is_new) override {
    if (is_new == IsNew::no) {
      for (const char* field : {"secret", "sha256"}) {
        if (!fields.contains(field)) continue;
        return refuse_field(field, "is set when a key is created; rotate the key for a new one");
      }
      return {};
    }
    TRY(const auto given, take_key_secret(fields));
    if (given) {
      secret_ = *given;
      return {};
    }
    made_ = make_client_key();
    secret_ = {.hash = sha256(made_.reveal()), .hint = made_.hint()};
    return {};
  }

  Outcome<void> apply(const Desk& desk, const json::object& fields, Object& object,
                      IsNew is_new) override {
    identity::Key key;
    if (is_new == IsNew::no) {
      TRY(key, read_key(object));
    }
    CHECK_OK(apply_key_fields(fields, key));
    if (key.name.empty()) return refuse_field("name", "is missing");
    if (fields.contains("owner") && !key.owner.empty()) {
      TRY(key.owner, find_owner(desk, key.owner));
    }
    if (fields.contains("accounts")) CHECK_OK(check_accounts(desk, key.accounts));
    object.name = key.name;
    object.owner = key.owner;
    object.document = serialized(key_document(key));
    return {};
  }

  Outcome<void> settle(const Desk& desk, const Object* before, const Object& after) override {
    if (before != nullptr) return {};
    for (const identity::Key& key : desk.declared.keys) {
      if (key.hash != secret_.hash) continue;
      return refuse_taken_secret();
    }
    const auto inserted = store::HashedSecrets(desk.transaction, Kind::key)
                              .insert({.hash = secret_.hash,
                                       .owner = after.id,
                                       .hint = secret_.hint,
                                       .created = desk.now,
                                       .valid_until = {}});
    if (!inserted) return refuse_taken_secret();
    return {};
  }

  Outcome<View> view(const Desk& desk, const Object& object) override {
    TRY(identity::Key key, read_key(object));
    KeyFacts facts;
    facts.removed = object.removed.has_value();
    facts.owner = owner_json(desk, object.owner);
    facts.owner_is_active = owner_is_active(desk, object.owner);
    facts.secrets = store::HashedSecrets(desk.transaction, Kind::key).of(object.id);
    if (const auto activity = store::Activity(desk.transaction).of_key(object.id)) {
      facts.activity = *activity;
    }
    return key_view(key, facts, desk.now);
  }

  void show_once(View& view) const override {
    if (!made_.empty()) view["secret"] = made_.reveal();
  }

 private:
  static std::unexpected<Refusal> refuse_taken_secret() {
    return std::unexpected(
        Refusal(Errc::already_exists, "secret", "is the secret of another key already"));
  }

  GivenKeySecret secret_;
  Secret made_;
};

}  // namespace

std::unique_ptr<Subject> make_key_subject() { return std::make_unique<KeySubject>(); }

}  // namespace sluice::admin
