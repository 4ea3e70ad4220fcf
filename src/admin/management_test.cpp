// The flow that all kinds share: create, change, remove, restore, list, declared ones, the audit log.

#include "admin/management.hpp"

#include <algorithm>

#include "admin/testing.hpp"
#include "store/watcher.hpp"

namespace sluice::admin::testing {
namespace {

using namespace std::chrono_literals;

class ManagementFlow : public ManagementTest {
 protected:
  std::int64_t revision() {
    return store::testing::read(*database_,
                                [](store::Transaction& t) { return store::revision(t); });
  }
};
SLUICE_ON_BOTH_ENGINES(ManagementFlow);

TEST_P(ManagementFlow, AnObjectIsMadeFoundChangedRemovedAndRestored) {
  const View made = make(Kind::key, {{"name", "ci"}, {"pools", array{"fast"}}});
  EXPECT_EQ(version(made), 1);
  EXPECT_EQ(text(made, "secret").size(), 50U);
  EXPECT_EQ(text(made, "state"), "active");
  EXPECT_EQ(text(get(Kind::key, "ci"), "id"), text(made, "id"));
  EXPECT_FALSE(get(Kind::key, "ci").contains("secret"));

  clock_.advance(1h);
  const View changed = done(change(Kind::key, made, {{"note", "of the builds"}}));
  EXPECT_EQ(version(changed), 2);
  EXPECT_EQ(text(changed, "note"), "of the builds");
  EXPECT_EQ(changed.at("pools").as_array(), (array{"fast"})) << "what isn't named stays";
  EXPECT_NE(changed.at("updated"), changed.at("created"));

  const View removed = done(management_->remove(root_, Kind::key, "ci", 2));
  EXPECT_EQ(text(removed, "state"), "removed");
  EXPECT_TRUE(removed.contains("removed"));
  expect_refused(management_->get(root_, Kind::key, "ci"), Errc::not_found, "");
  EXPECT_EQ(text(get(Kind::key, text(made, "id")), "state"), "removed");
  expect_refused(change(Kind::key, removed, {{"note", ""}}), Errc::not_found, "", "restore");

  const View back = done(management_->restore(root_, Kind::key, text(made, "id"), 3));
  EXPECT_EQ(version(back), 4);
  EXPECT_EQ(text(back, "note"), "of the builds");
  expect_refused(management_->restore(root_, Kind::key, text(made, "id"), 4), Errc::invalid_request,
                 "", "isn't removed");
}

TEST_P(ManagementFlow, TwoEditorsCantOverwriteEachOther) {
  const View seen = make(Kind::pool, {{"name", "fast"}});
  ASSERT_TRUE(change(Kind::pool, seen, {{"note", "mine"}}));
  expect_refused(change(Kind::pool, seen, {{"note", "yours"}}), Errc::version_conflict, "",
                 "version 2");
  expect_refused(management_->remove(root_, Kind::pool, "fast", 1), Errc::version_conflict, "");
  EXPECT_EQ(text(get(Kind::pool, "fast"), "note"), "mine");
  // The command line says no version, and means what is there now.
  EXPECT_TRUE(management_->update(root_, Kind::pool, "fast", {}, {{"note", "ours"}}));
}

TEST_P(ManagementFlow, AChangeThatChangesNothingIsNone) {
  const View seen = make(Kind::pool, {{"name", "fast"}, {"note", "same"}});
  const auto lines = audit().size();
  const auto before = revision();
  EXPECT_EQ(version(done(change(Kind::pool, seen, {{"note", "same"}}))), 1);
  EXPECT_EQ(audit().size(), lines);
  EXPECT_EQ(revision(), before);
}

TEST_P(ManagementFlow, EveryChangeIsToldToServersAtOnce) {
  auto last = revision();
  const auto moved = [&] { return std::exchange(last, revision()) < last; };
  const View key = make(Kind::key, {{"name", "ci"}});
  EXPECT_TRUE(moved());
  ASSERT_TRUE(management_->update(root_, Kind::key, "ci", {}, {{"disabled", true}}));
  EXPECT_TRUE(moved());
  ASSERT_TRUE(management_->rotate(root_, Kind::key, "ci", {}, 0s));
  EXPECT_TRUE(moved());
  ASSERT_TRUE(management_->remove(root_, Kind::key, "ci", {}));
  EXPECT_TRUE(moved());
  ASSERT_TRUE(management_->restore(root_, Kind::key, text(key, "id"), {}));
  EXPECT_TRUE(moved());
}

TEST_P(ManagementFlow, NamesAreUniqueAmongWhatIsThere) {
  const View first = make(Kind::key, {{"name", "ci"}});
  expect_refused(management_->create(root_, Kind::key, {{"name", "ci"}}), Errc::already_exists,
                 "name");
  const View other = make(Kind::key, {{"name", "other"}});
  expect_refused(change(Kind::key, other, {{"name", "ci"}}), Errc::already_exists, "name");
  ASSERT_TRUE(management_->remove(root_, Kind::key, "ci", {}));
  EXPECT_TRUE(change(Kind::key, other, {{"name", "ci"}})) << "the name is free again";
  expect_refused(management_->restore(root_, Kind::key, text(first, "id"), {}),
                 Errc::already_exists, "name");
  expect_refused(management_->create(root_, Kind::key, object{}), Errc::invalid_request, "name");
}

TEST_P(ManagementFlow, WhatTheFileDeclaresIsShownAndNeverChanged) {
  auto declared = std::make_shared<Declared>();
  declared->accounts.emplace_back();
  declared->accounts[0].name = "from-file";
  declared->accounts[0].provider = "anthropic";
  declared->accounts[0].credential = {.kind = provider::Credential::Kind::api_key,
                                      .secret = Secret("sk-ant-canary-of-the-file")};
  declared->keys.emplace_back();
  declared->keys[0].name = "ci";
  declared->keys[0].hash = sha256("sk-slc-canary-declared-key");
  management_->use(declared);

  const View key = get(Kind::key, "ci");
  EXPECT_EQ(text(key, "id"), "declared:ci");
  EXPECT_TRUE(key.at("declared").as_bool());
  const View account = get(Kind::account, "declared:from-file");
  EXPECT_EQ(text(account.at("credential").as_object(), "secret_hint"), "...file");
  EXPECT_EQ(boost::json::serialize(account).find("canary"), std::string::npos);

  const std::string words = "declared in the configuration file";
  for (const char* which : {"ci", "declared:ci"}) {
    expect_refused(management_->update(root_, Kind::key, which, {}, {{"note", ""}}),
                   Errc::already_exists, "", words);
    expect_refused(management_->remove(root_, Kind::key, which, {}), Errc::already_exists, "",
                   words);
    expect_refused(management_->rotate(root_, Kind::key, which, {}, 0s), Errc::already_exists, "",
                   words);
  }
  expect_refused(management_->create(root_, Kind::key, {{"name", "ci"}}), Errc::already_exists,
                 "name", words);
  const View other = make(Kind::key, {{"name", "other"}});
  expect_refused(change(Kind::key, other, {{"name", "ci"}}), Errc::already_exists, "name", words);
  expect_refused(management_->create(root_, Kind::key,
                                     {{"name", "new"}, {"secret", "sk-slc-canary-declared-key"}}),
                 Errc::already_exists, "secret");

  const Page page = done(management_->list(root_, Kind::key, {}));
  ASSERT_EQ(page.items.size(), 2U);
  EXPECT_EQ(text(page.items[0], "name"), "ci") << "declared ones come first";
  EXPECT_EQ(done(management_->list(root_, Kind::key, {.text = "OTH"})).items.size(), 1U);
}

TEST_P(ManagementFlow, ListsPageByCursorAndFindNames) {
  for (int i = 0; i < 5; ++i) {
    clock_.advance(1s);
    make(Kind::pool, {{"name", "pool-" + std::to_string(i)}});
  }
  ASSERT_TRUE(management_->remove(root_, Kind::pool, "pool-3", {}));
  std::vector<std::string> names;
  ListQuery query{.limit = 2};
  do {
    const Page page = done(management_->list(root_, Kind::pool, query));
    for (const View& view : page.items) names.push_back(text(view, "name"));
    query.cursor = page.next_cursor;
  } while (!query.cursor.empty());
  EXPECT_EQ(names, (std::vector<std::string>{"pool-0", "pool-1", "pool-2", "pool-4"}));
  EXPECT_EQ(done(management_->list(root_, Kind::pool, {.with_removed = true})).items.size(), 5U);
  EXPECT_EQ(done(management_->list(root_, Kind::pool, {.text = "%"})).items.size(), 0U);
  expect_refused(management_->list(root_, Kind::pool, {.limit = 0}), Errc::invalid_request,
                 "limit");
  expect_refused(management_->list(root_, Kind::pool, {.limit = 1001}), Errc::invalid_request,
                 "limit");
}

TEST_P(ManagementFlow, PoolsThatAreOnlyNamedAreListedToo) {
  make(Kind::key, {{"name", "ci"}, {"pools", array{"fast", "slow"}}});
  const View described = make(Kind::pool, {{"name", "fast"}, {"budgets", {{"day", 10.5}}}});
  EXPECT_EQ(described.at("keys"), 1);
  EXPECT_FALSE(described.at("implicit").as_bool());
  const Page page = done(management_->list(root_, Kind::pool, {}));
  ASSERT_EQ(page.items.size(), 2U);
  EXPECT_EQ(text(page.items[0], "name"), "slow");
  EXPECT_TRUE(page.items[0].at("implicit").as_bool());
  EXPECT_TRUE(get(Kind::pool, "slow").at("implicit").as_bool());
  expect_refused(management_->get(root_, Kind::pool, "none"), Errc::not_found, "");
  expect_refused(change(Kind::pool, described, {{"name", "faster"}}), Errc::invalid_request, "name",
                 "can't change");
}

TEST_P(ManagementFlow, TheAuditLogTellsWhoDidWhatWithBeforeAndAfter) {
  const View made = make_account("main");
  clock_.advance(1s);
  done(change(Kind::account, made, {{"priority", 5}}));
  clock_.advance(1s);
  done(management_->remove(root_, Kind::account, "main", {}));
  const auto lines = audit();
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0].action, "remove");
  EXPECT_EQ(lines[2].action, "create");
  EXPECT_TRUE(lines[2].before.empty());
  EXPECT_EQ(lines[1].actor, root_.id);
  EXPECT_EQ(lines[1].kind, "account");
  EXPECT_EQ(lines[1].object, text(made, "id"));
  EXPECT_EQ(lines[1].object_name, "main");
  EXPECT_NE(lines[1].before.find("\"priority\":10"), std::string::npos);
  EXPECT_NE(lines[1].after.find("\"priority\":5"), std::string::npos);
  for (const auto& line : lines) {
    EXPECT_NE(line.after.find(R"("credential":{"kind":"api_key","secret_hint":"...6789"})"),
              std::string::npos);
  }
}

TEST_P(ManagementFlow, AnObjectOfANewerVersionDoesntHideTheOthers) {
  const View newer = make(Kind::key, {{"name", "newer"}});
  clock_.advance(1s);
  make(Kind::key, {{"name", "ci"}});
  store::testing::write(*database_, [&](store::Transaction& transaction) {
    store::Objects keys(transaction, Kind::key);
    auto key = *keys.find(text(newer, "id"));
    key.document = R"({"of":"tomorrow"})";
    return keys.update(key).has_value();
  });
  const Page page = done(management_->list(root_, Kind::key, {}));
  ASSERT_EQ(page.items.size(), 2U);
  EXPECT_NE(text(page.items[0], "fault").find("newer version"), std::string::npos);
  EXPECT_EQ(text(page.items[1], "name"), "ci");
  EXPECT_FALSE(management_->update(root_, Kind::key, "newer", {}, {{"note", "x"}}));
}

TEST_P(ManagementFlow, ARefusalLeavesNothingBehind) {
  const auto lines = audit().size();
  const std::string secret(24, 's');
  make(Kind::key, {{"name", "one"}, {"secret", secret}});
  expect_refused(management_->create(root_, Kind::key, {{"name", "two"}, {"secret", secret}}),
                 Errc::already_exists, "secret");
  expect_refused(management_->get(root_, Kind::key, "two"), Errc::not_found, "");
  EXPECT_EQ(audit().size(), lines + 1);
}

}  // namespace
}  // namespace sluice::admin::testing
