#pragma once
/// What tests of management share: a new store and a new master key file for each test, the four roles, and short words.

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <memory>
#include <string>

#include "admin/management.hpp"
#include "base/clock.hpp"
#include "store/audit.hpp"
#include "store/testing.hpp"

namespace sluice::admin::testing {

using boost::json::array;
using boost::json::object;

inline Actor actor_of(identity::Role role, std::string user = {}) {
  return {.id = "user:" + user,
          .name = "somebody",
          .user = std::move(user),
          .peer = "192.0.2.7",
          .role = role,
          .scopes = identity::Scopes::all()};
}

/// The text of a field of a view.
inline std::string text(const View& view, std::string_view field) {
  return std::string(view.at(field).as_string());
}
inline std::int64_t version(const View& view) { return view.at("version").as_int64(); }

template <class T>
T done(Outcome<T> outcome) {
  if (!outcome) {
    ADD_FAILURE() << to_string(outcome.error().code) << " " << outcome.error().field << ": "
                  << outcome.error().message;
    std::abort();
  }
  return *std::move(outcome);
}

template <class T>
void expect_refused(const Outcome<T>& outcome, Errc code, const std::string& field,
                    const std::string& words = {}) {
  ASSERT_FALSE(outcome) << "refused " << field;
  EXPECT_EQ(to_string(outcome.error().code), to_string(code)) << outcome.error().message;
  EXPECT_EQ(outcome.error().field, field) << outcome.error().message;
  EXPECT_NE(outcome.error().message.find(words), std::string::npos) << outcome.error().message;
}

/// What doesn't depend on the engine, and so runs on one.
#define SLUICE_ON_SQLITE(suite)                                                         \
  INSTANTIATE_TEST_SUITE_P(, suite, ::testing::Values(::sluice::store::Engine::sqlite), \
                           ::sluice::store::testing::engine_name)

class ManagementTest : public store::testing::OnBothEngines {
 protected:
  void SetUp() override {
    OnBothEngines::SetUp();
    if (IsSkipped()) return;
    database_ = open();
    secrets_ =
        store::testing::value_of(store::SecretBox::open(*database_, folder_.path("master.key")));
    management_ = std::make_unique<Management>(*database_, *secrets_, clock_);
  }

  View make(Kind kind, const object& fields) {
    return done(management_->create(root_, kind, fields));
  }
  View make_account(const std::string& name) {
    return make(Kind::account, {{"name", name},
                                {"provider", "anthropic"},
                                {"credential", {{"api_key", "sk-ant-canary-0123456789"}}}});
  }
  View make_user(const std::string& name, const std::string& role) {
    return make(Kind::user, {{"name", name}, {"role", role}, {"password", "correct horse staple"}});
  }
  Outcome<View> change(Kind kind, const View& of, const object& fields) {
    return management_->update(root_, kind, text(of, "id"), version(of), fields);
  }
  View get(Kind kind, const std::string& which) {
    return done(management_->get(root_, kind, which));
  }
  /// As a user who signed in.
  Actor actor(const View& user) {
    const auto role = identity::parse_role(text(user, "role"));
    return actor_of(*role, text(user, "id"));
  }
  std::vector<store::AuditEntry> audit() {
    return store::testing::read(*database_, [](store::Transaction& transaction) {
      return store::Audit(transaction).page({.limit = 1000});
    });
  }

  ManualClock clock_;
  Actor root_ = Actor::command_line();
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::SecretBox> secrets_;
  std::unique_ptr<Management> management_;
};

}  // namespace sluice::admin::testing
