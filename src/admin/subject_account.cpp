// Upstream accounts.

#include <fmt/format.h>

#include <algorithm>

#include "admin/account_document.hpp"
#include "admin/account_live.hpp"
#include "admin/account_view.hpp"
#include "admin/document.hpp"
#include "admin/key_document.hpp"
#include "admin/subject.hpp"
#include "store/account_rests.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;
using store::Object;

/// Keys name the accounts they are tied to; with the name gone they would reach nothing.
Outcome<void> refuse_while_tied(const Desk& desk, const std::string& name) {
  std::vector<std::string> tied;
  for (const Object& object : desk.objects(Kind::key).all()) {
    const auto key = read_key(object);
    if (!key || std::ranges::find(key->accounts, name) == key->accounts.end()) continue;
    tied.push_back(fmt::format("\"{}\"", object.name));
    if (tied.size() == 5) break;
  }
  if (tied.empty()) return {};
  return refuse_field(
      "name", fmt::format("can't change while keys are tied to it: {}", fmt::join(tied, ", ")));
}

class AccountSubject final : public Subject {
 public:
  Outcome<void> prepare(json::object&, IsNew) override { return {}; }

  Outcome<void> apply(const Desk& desk, const json::object& fields, Object& object,
                      IsNew is_new) override {
    CHECK_OK(may_write_account(desk.actor, fields, is_new));
    provider::AccountSettings account;
    if (is_new == IsNew::no) {
      TRY(account, read_account(object));
    }
    TRY(changes_, apply_account_fields(fields, desk.declared.private_upstreams, account));
    if (account.name.empty()) return refuse_field("name", "is missing");
    object.name = account.name;
    object.document = serialized(account_document(account));
    return {};
  }

  bool has_more() const override { return !changes_.empty(); }

  Outcome<void> settle(const Desk& desk, const Object* before, const Object& after) override {
    for (const SecretChange& change : changes_) {
      if (change.secret.empty()) {
        store::SealedSecrets(desk.transaction).drop(after.id, change.name);
      } else {
        CHECK_OK(
            desk.secrets.put(desk.transaction, after.id, change.name, change.secret, desk.now));
      }
    }
    if (before == nullptr) return {};
    // What was wrong with it may be mended; if not, it shows soon enough.
    store::AccountRests(desk.transaction).lift(after.id, desk.now);
    if (before->name != after.name) return refuse_while_tied(desk, before->name);
    return {};
  }

  Outcome<View> view(const Desk& desk, const Object& object) override {
    TRY(const provider::AccountSettings account, read_account(object));
    AccountFacts facts;
    facts.removed = object.removed.has_value();
    if (const auto name = hinted_secret(account.credential.kind); !name.empty()) {
      const auto sealed = store::SealedSecrets(desk.transaction).find(object.id, name);
      if (sealed) facts.secret_hint = sealed->hint;
    }
    facts.rests = store::AccountRests(desk.transaction).of(object.id);
    return account_view(account, facts, desk.now);
  }

  void show_now(const Desk& desk, View& view) override { admin::show_now(desk, view); }

 private:
  std::vector<SecretChange> changes_;
};

}  // namespace

std::unique_ptr<Subject> make_account_subject() { return std::make_unique<AccountSubject>(); }

}  // namespace sluice::admin
