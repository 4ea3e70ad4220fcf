// Whatever is written into a text field stays data, on both engines.
#include <algorithm>
#include <fstream>

#include "store/account_figures.hpp"
#include "store/account_rests.hpp"
#include "store/activity.hpp"
#include "store/audit.hpp"
#include "store/backup.hpp"
#include "store/hashed_secrets.hpp"
#include "store/properties.hpp"
#include "store/sealed_secrets.hpp"
#include "store/sessions.hpp"
#include "store/storable_text.hpp"
#include "store/testing.hpp"

namespace sluice::store {
namespace {

using testing::noon;
using testing::object;
using testing::read;
using testing::write;

class HostileTextTest : public testing::OnBothEngines {};
SLUICE_ON_BOTH_ENGINES(HostileTextTest);

/// What tools that look for SQL injections send, and what trips over placeholders, escapes and encodings.
const std::vector<std::string>& hostile_texts() {
  static const std::vector<std::string> texts = {
      "'",
      "''",
      "\"",
      "`",
      "\\",
      "\\'",
      ";",
      "--",
      "/*",
      "#",
      "%",
      "_",
      "' OR '1'='1",
      "' OR 1=1 -- ",
      "\" OR \"\"=\"",
      "1) OR (1=1",
      "'; DROP TABLE keys; --",
      "'); DELETE FROM users; --",
      "' UNION SELECT sealed FROM sealed_secrets --",
      "1 AND (SELECT 1 FROM pg_sleep(5))",
      "' AND (SELECT CASE WHEN (1=1) THEN pg_sleep(5) END) IS NULL --",
      "'||(SELECT '' FROM PG_SLEEP(5))||'",
      "';SELECT load_extension('x')--",
      "' AND RANDOMBLOB(1000000000) --",
      "';ATTACH DATABASE '/tmp/x' AS x;--",
      "$1",
      ":id",
      ":name",
      "?",
      "@x",
      "$$; SELECT 1; $$",
      "E'\\x27'",
      "{{text}}",
      "%s%n%x",
      "\xBF\x27 OR 1=1 --",
      "\xC0\xA7 OR 1=1 --",
      std::string("\0' OR 2=2 --", 12),
      std::string("admin\0", 6),
      "%00",
      "\xEF\xBC\x87 OR 1=1",
      "\r\n\t\x01\x7F",
      "NULL",
      "true",
      "0x27",
      "1e309",
      "-1",
      "{\"$ne\":null}",
      "[]",
      std::string(100000, '\''),
  };
  return texts;
}

TEST_P(HostileTextTest, StaysDataInObjectsAndTheirSearches) {
  const auto database = open();
  for (const std::string& text : hostile_texts()) {
    const std::string held = storable_text(text);
    write(*database, [&](Transaction& t) {
      EXPECT_TRUE(Objects(t, Kind::user).insert(object(text, text))) << held;
      for (const Kind kind : {Kind::account, Kind::pool, Kind::key, Kind::token}) {
        Object made = object(text, text);
        made.owner = text;
        made.document = text;
        Objects objects(t, kind);
        EXPECT_TRUE(objects.insert(made)) << held;
        EXPECT_EQ(objects.find(text)->name, held);
        EXPECT_EQ(objects.find_by_name(text)->id, held);
        made.document = "{}";
        EXPECT_EQ(objects.update(made), 2) << held;
        EXPECT_EQ(objects.page({.owner = text}).size(), 1U) << held;
        EXPECT_EQ(objects.page({.text = text}).size(),
                  static_cast<std::size_t>(std::ranges::count_if(
                      objects.all(), [&](const Object& each) { return each.name.contains(held); })))
            << held;
        (void)objects.page({.after = text});
      }
      return true;
    });
  }
  read(*database, [](Transaction& t) {
    const auto expected = static_cast<std::int64_t>(hostile_texts().size());
    for (const Kind kind : {Kind::account, Kind::pool, Kind::key, Kind::user, Kind::token}) {
      EXPECT_EQ(Objects(t, kind).count(), expected);
    }
    return true;
  });
}

TEST_P(HostileTextTest, StaysDataInEveryOtherTable) {
  const auto database = open();
  for (const std::string& text : hostile_texts()) {
    const std::string held = storable_text(text);
    write(*database, [&](Transaction& t) {
      for (const Kind kind : {Kind::user, Kind::key, Kind::account}) {
        EXPECT_TRUE(Objects(t, kind).insert(object(text, text)));
      }
      EXPECT_TRUE(
          HashedSecrets(t, Kind::key)
              .insert({.hash = sha256(text), .owner = text, .hint = text, .created = noon}));
      HashedSecrets(t, Kind::key).end(text, noon);
      EXPECT_EQ(HashedSecrets(t, Kind::key).of(text).at(0).hint, held);

      SealedSecrets(t).put(
          {.owner = text, .name = text, .sealed = text, .hint = text, .updated = noon});
      EXPECT_EQ(SealedSecrets(t).find(text, text)->sealed, text);
      EXPECT_EQ(SealedSecrets(t).of(text).at(0).hint, held);

      Activity(t).note({{.key = text, .first_used = noon, .last_used = noon}});
      EXPECT_TRUE(Activity(t).of_key(text));
      AccountRests(t).put({.account = text,
                           .model = text,
                           .state = text,
                           .rule = text,
                           .reason = text,
                           .since = noon,
                           .until = {}});
      AccountFigureTable(t).seen(text, text, noon);
      AccountFigureTable(t).put({{.account = text, .node = text, .figures = text}});
      AccountRests(t).lift("other" + text, noon);

      Audit(t).write({text, noon, text, text, text, text, text, text, text, text, text});
      const auto entries = Audit(t).page({.kind = text, .object = text, .actor = text});
      EXPECT_EQ(entries.size(), 1U) << held;
      EXPECT_EQ(entries.at(0).actor_name + entries.at(0).action + entries.at(0).after,
                held + held + held);
      (void)Audit(t).page({.before_id = text});

      Session session;
      session.token = sha256(text);
      session.user = text;
      session.peer = text;
      session.user_agent = text;
      Sessions(t).insert(session);
      EXPECT_EQ(Sessions(t).of(text).at(0).user_agent, held);
      Sessions(t).drop_all(text, std::nullopt);

      AttemptTable(t).put({.subject = text, .failures = 1, .last = noon, .blocked_until = {}});
      EXPECT_EQ(AttemptTable(t).find(text)->subject, held);
      Properties(t).put(text, text);
      EXPECT_EQ(Properties(t).find(text), held);
      EXPECT_TRUE(Leases(t).take(text, text, noon, noon));
      Leases(t).release(text, text);
      return true;
    });
  }
  read(*database, [](Transaction& t) {
    const std::size_t expected = hostile_texts().size();
    EXPECT_EQ(HashedSecrets(t, Kind::key).all().size(), expected);
    EXPECT_EQ(SealedSecrets(t).all().size(), expected);
    EXPECT_EQ(Activity(t).keys().size(), expected);
    EXPECT_EQ(AccountRests(t).all().size(), expected);
    EXPECT_EQ(AccountFigureTable(t).all(noon).size(), expected);
    EXPECT_EQ(Audit(t).page({.limit = 1000}).size(), expected);
    return true;
  });
  // And on its way through a backup.
  ASSERT_TRUE(back_up(*database, folder_.path("backup"), Progress()));
  const auto restored = restore(*database, folder_.path("backup"), Over::anything, Progress());
  EXPECT_TRUE(restored) << restored.error().context;
}

}  // namespace
}  // namespace sluice::store
