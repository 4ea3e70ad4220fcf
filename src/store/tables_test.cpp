// The smaller tables, on both engines.
#include "store/account_figures.hpp"
#include "store/account_rests.hpp"
#include "store/activity.hpp"
#include "store/audit.hpp"
#include "store/hashed_secrets.hpp"
#include "store/properties.hpp"
#include "store/sealed_secrets.hpp"
#include "store/sessions.hpp"
#include "store/testing.hpp"

namespace sluice::store {
namespace {

using std::chrono::hours;
using testing::noon;
using testing::object;
using testing::write;

class TablesTest : public testing::OnBothEngines {};
SLUICE_ON_BOTH_ENGINES(TablesTest);

TEST_P(TablesTest, TwoSecretsOfAKeyAreValidWhileItIsRotated) {
  const auto database = open();
  write(*database, [](Transaction& t) {
    HashedSecrets secrets(t, Kind::key);
    EXPECT_TRUE(Objects(t, Kind::key).insert(object("K1", "ci")));
    EXPECT_TRUE(
        secrets.insert({.hash = sha256("old"), .owner = "K1", .hint = "...oldd", .created = noon}));
    EXPECT_EQ(secrets.insert({.hash = sha256("old"), .owner = "K1", .created = noon}).error().code,
              Errc::already_exists);

    secrets.end("K1", noon + hours(2));
    EXPECT_TRUE(secrets.insert({.hash = sha256("new"), .owner = "K1", .created = noon + hours(1)}));
    secrets.drop("K1", noon + hours(1));

    const auto both = secrets.of("K1");
    EXPECT_EQ(both.size(), 2U);
    EXPECT_EQ(both.at(0).hash, sha256("old"));
    EXPECT_EQ(both.at(0).hint, "...oldd");
    EXPECT_EQ(both.at(0).valid_until, noon + hours(2));
    EXPECT_EQ(both.at(1).valid_until, std::nullopt);
    EXPECT_EQ(secrets.find(sha256("new"))->owner, "K1");
    EXPECT_FALSE(HashedSecrets(t, Kind::token).find(sha256("new"))) << "a key is no token";

    secrets.drop("K1", noon + hours(2));
    EXPECT_EQ(secrets.all().size(), 1U);
    secrets.drop("K1", std::nullopt);
    EXPECT_TRUE(secrets.all().empty());
    return true;
  });
}

TEST_P(TablesTest, ASealedSecretComesBackByteForByte) {
  const auto database = open();
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  write(*database, [&](Transaction& t) {
    SealedSecrets secrets(t);
    secrets.put(
        {.owner = "A1", .name = "api_key", .sealed = "first", .updated = noon, .expires = noon});
    secrets.put({.owner = "A1",
                 .name = "api_key",
                 .sealed = bytes,
                 .hint = "...z",
                 .updated = noon + hours(1)});
    secrets.put({.owner = "A1", .name = "proxy", .sealed = "", .updated = noon});
    secrets.put({.owner = "A2", .name = "api_key", .sealed = "other", .updated = noon});

    const auto found = secrets.find("A1", "api_key");
    EXPECT_EQ(found->sealed, bytes);
    EXPECT_EQ(found->hint, "...z");
    EXPECT_EQ(found->updated, noon + hours(1));
    EXPECT_EQ(found->expires, std::nullopt);
    EXPECT_EQ(secrets.of("A1").size(), 2U);
    secrets.drop("A1", "proxy");
    EXPECT_FALSE(secrets.find("A1", "proxy"));
    secrets.drop_all("A1");
    EXPECT_EQ(secrets.all().size(), 1U);
    return true;
  });
}

TEST_P(TablesTest, TheFirstAndTheLastUseOfAKeyWinInWhateverOrderTheyCome) {
  const auto database = open();
  write(*database, [](Transaction& t) {
    Activity activity(t);
    EXPECT_TRUE(Objects(t, Kind::key).insert(object("K1", "ci")));
    activity.note({{.key = "K1", .first_used = std::nullopt, .last_used = noon},
                   {.key = "K404", .first_used = noon, .last_used = noon}});
    EXPECT_EQ(activity.of_key("K1")->first_used, std::nullopt);
    activity.note({{.key = "K1", .first_used = noon, .last_used = std::nullopt},
                   {.key = "K1", .first_used = noon + hours(1), .last_used = noon + hours(1)},
                   {.key = "K1", .first_used = noon - hours(1), .last_used = noon - hours(1)}});

    EXPECT_EQ(activity.keys().size(), 1U) << "of keys that are there";
    EXPECT_EQ(activity.of_key("K1")->first_used, noon - hours(1));
    EXPECT_EQ(activity.of_key("K1")->last_used, noon + hours(1));
    EXPECT_EQ(Objects(t, Kind::key).find("K1")->version, 1) << "use changes nothing of the key";
    return true;
  });
}

TEST_P(TablesTest, TheUseOfManyKeysIsNotedAtOnce) {
  const auto database = open();
  constexpr int count = 450;  // more than two batches
  write(*database, [](Transaction& t) {
    std::vector<KeyActivity> used;
    for (int i = 0; i < count; ++i) {
      const std::string id = "K" + std::to_string(1000 + i);
      EXPECT_TRUE(Objects(t, Kind::key).insert(object(id, id)));
      used.push_back({.key = id, .first_used = noon + hours(i), .last_used = noon + hours(i)});
    }
    Activity(t).note(used);
    const auto keys = Activity(t).keys();
    EXPECT_EQ(keys.size(), static_cast<std::size_t>(count));
    EXPECT_EQ(keys.back().last_used, noon + hours(count - 1));
    Activity(t).note({});
    return true;
  });
}

TEST_P(TablesTest, AnAccountAndEachOfItsModelsHaveOneRestAtATime) {
  const auto database = open();
  write(*database, [](Transaction& t) {
    AccountRests rests(t);
    AccountRest rest{.account = "A1",
                     .model = "",
                     .state = "cooling",
                     .rule = "rate_limited",
                     .reason = "a",
                     .since = noon,
                     .until = noon + hours(1),
                     .level = 2};
    rests.put(rest);
    AccountRest other = rest;
    other.model = "claude-x";
    rests.put(other);
    rest.state = "blocked";
    rest.until.reset();
    rests.put(rest);

    EXPECT_EQ(rests.of("A1"), (std::vector<AccountRest>{rest, other}));
    EXPECT_EQ(rests.all().size(), 2U);
    // Somebody else has written another state meanwhile: that one stays.
    rest.state = "cooling";
    rests.drop(rest);
    EXPECT_EQ(rests.of("A1").size(), 2U);
    rests.drop_state("A1", "blocked");
    EXPECT_EQ(rests.of("A1"), std::vector<AccountRest>{other});
    return true;
  });
}

TEST_P(TablesTest, ALiftForgetsWhatRestsAndIsCounted) {
  const auto database = open();
  write(*database, [](Transaction& t) {
    AccountRests rests(t);
    for (const char* const id : {"A1", "A2"}) {
      rests.put({.account = id,
                 .model = "",
                 .state = "blocked",
                 .rule = "forbidden",
                 .reason = "",
                 .since = noon,
                 .until = {}});
    }
    rests.lift("A1", noon);
    rests.lift("A1", noon);
    EXPECT_TRUE(rests.of("A1").empty());
    EXPECT_EQ(rests.of("A2").size(), 1U);
    EXPECT_EQ(rests.lifts(), (std::map<std::string, std::int64_t>{{"A1", 2}}));
    return true;
  });
}

TEST_P(TablesTest, FiguresCountWhileTheirServerIsThere) {
  const auto database = open();
  write(*database, [](Transaction& t) {
    AccountFigureTable table(t);
    table.seen("N1", "one", noon);
    table.seen("N2", "two", noon + std::chrono::seconds(10));
    std::vector<AccountFigures> many;
    for (int i = 0; i < 450; ++i) {  // more than two batches
      many.push_back({.account = "A" + std::to_string(i), .node = "N1", .figures = "{}"});
    }
    table.put(many);
    table.put({{.account = "A1", .node = "N2", .figures = "{}"}});
    table.put({{.account = "A1", .node = "N2", .figures = R"({"in_flight":1})"}});

    EXPECT_EQ(table.of("A1", noon + std::chrono::seconds(14)).size(), 2U);
    const auto later = table.of("A1", noon + std::chrono::seconds(16));
    EXPECT_EQ(later.size(), 1U);
    EXPECT_EQ(later.at(0).figures, R"({"in_flight":1})");
    EXPECT_EQ(table.all(noon).size(), 451U);
    table.seen("N2", "two", noon + hours(2));
    EXPECT_EQ(table.all(noon).size(), 1U);
    table.leave("N2");
    EXPECT_TRUE(table.all(noon).empty());
    return true;
  });
}

TEST_P(TablesTest, TheAuditIsReadFromTheNewest) {
  const auto database = open();
  write(*database, [](Transaction& t) {
    Audit audit(t);
    for (int i = 10; i < 30; ++i) {
      AuditEntry entry;
      entry.id = "E" + std::to_string(i);
      entry.at = noon + hours(i);
      entry.actor = i % 2 == 0 ? "cli:root" : "user:U1";
      entry.kind = i % 5 == 0 ? "account" : "key";
      entry.object = "O" + std::to_string(i % 3);
      entry.before = "{}";
      entry.after = R"({"i":1})";
      audit.write(entry);
    }
    const auto newest = audit.page({.limit = 3});
    EXPECT_EQ(newest.size(), 3U);
    EXPECT_EQ(newest.at(0).id, "E29");
    EXPECT_EQ(newest.at(0).at, noon + hours(29));
    EXPECT_EQ(newest.at(0).after, R"({"i":1})");
    EXPECT_EQ(audit.page({.limit = 3, .before_id = newest.back().id}).at(0).id, "E26");
    EXPECT_EQ(audit.page({.kind = "account"}).size(), 4U);
    EXPECT_EQ(audit.page({.object = "O1", .actor = "cli:root"}).size(), 4U);
    return true;
  });
}

TEST_P(TablesTest, SessionsEnd) {
  const auto database = open();
  write(*database, [](Transaction& t) {
    Sessions sessions(t);
    EXPECT_TRUE(Objects(t, Kind::user).insert(object("U1", "anna")));
    for (int i = 0; i < 4; ++i) {
      Session session;
      session.token = sha256(std::to_string(i));
      session.user = "U1";
      session.created = noon + hours(i);
      session.expires = noon + hours(10 + i);
      session.seen = noon;
      session.peer = "192.0.2.1";
      session.user_agent = "a browser";
      sessions.insert(session);
    }
    sessions.see(sha256("0"), noon + hours(5));
    EXPECT_EQ(sessions.find(sha256("0"))->seen, noon + hours(5));
    EXPECT_EQ(sessions.find(sha256("0"))->token, sha256("0"));
    EXPECT_EQ(sessions.of("U1").size(), 4U);
    sessions.drop_expired(noon + hours(10));
    EXPECT_FALSE(sessions.find(sha256("0")));
    sessions.drop(sha256("1"));
    EXPECT_EQ(sessions.of("U1").size(), 2U);
    sessions.drop_all("U1", sha256("3"));
    EXPECT_EQ(sessions.of("U1").at(0).token, sha256("3"));
    EXPECT_TRUE(Objects(t, Kind::user).erase("U1"));
    EXPECT_FALSE(sessions.find(sha256("3"))) << "goes with its user";
    return true;
  });
}

TEST_P(TablesTest, AttemptsAreCountedBySubject) {
  const auto database = open();
  write(*database, [](Transaction& t) {
    AttemptTable attempts(t);
    attempts.put(
        {.subject = "user:anna", .failures = 1, .last = noon, .blocked_until = std::nullopt});
    attempts.put(
        {.subject = "user:anna", .failures = 2, .last = noon, .blocked_until = noon + hours(1)});
    attempts.put(
        {.subject = "peer:192.0.2.1", .failures = 9, .last = noon + hours(2), .blocked_until = {}});
    EXPECT_EQ(attempts.find("user:anna")->failures, 2);
    EXPECT_EQ(attempts.find("user:anna")->blocked_until, noon + hours(1));
    attempts.drop_older(noon + hours(1));
    EXPECT_FALSE(attempts.find("user:anna"));
    attempts.drop("peer:192.0.2.1");
    EXPECT_FALSE(attempts.find("peer:192.0.2.1"));
    return true;
  });
}

TEST_P(TablesTest, PropertiesHoldOneValueEach) {
  const auto database = open();
  write(*database, [](Transaction& t) {
    Properties properties(t);
    EXPECT_EQ(properties.find("a"), std::nullopt);
    properties.put("a", "1");
    properties.put("a", "");
    EXPECT_EQ(properties.find("a"), "");
    properties.drop("a");
    EXPECT_EQ(properties.find("a"), std::nullopt);
    return true;
  });
}

TEST_P(TablesTest, ALeaseHasOneHolder) {
  const auto database = open();
  write(*database, [](Transaction& t) {
    Leases leases(t);
    EXPECT_TRUE(leases.take("oauth", "one", noon, noon + hours(1)));
    EXPECT_FALSE(leases.take("oauth", "two", noon, noon + hours(9)));
    EXPECT_TRUE(leases.take("oauth", "one", noon, noon + hours(2))) << "again";
    EXPECT_FALSE(leases.take("oauth", "two", noon + hours(1), noon + hours(9)));
    EXPECT_TRUE(leases.take("oauth", "two", noon + hours(2), noon + hours(9))) << "it has run out";
    leases.release("oauth", "one");
    EXPECT_FALSE(leases.take("oauth", "one", noon + hours(3), noon + hours(9)))
        << "not his to release";
    leases.release("oauth", "two");
    EXPECT_TRUE(leases.take("oauth", "one", noon + hours(3), noon + hours(9)));
    return true;
  });
}

}  // namespace
}  // namespace sluice::store
