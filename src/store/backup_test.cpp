#include "store/backup.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "store/account_figures.hpp"
#include "store/account_rests.hpp"
#include "store/activity.hpp"
#include "store/audit.hpp"
#include "store/backup_tables.hpp"
#include "store/hashed_secrets.hpp"
#include "store/migrator.hpp"
#include "store/properties.hpp"
#include "store/resource_pins.hpp"
#include "store/sealed_secrets.hpp"
#include "store/sessions.hpp"
#include "store/statement.hpp"
#include "store/testing.hpp"
#include "store/watcher.hpp"

namespace sluice::store {
namespace {

using testing::noon;
using testing::object;
using testing::read;
using testing::value_of;
using testing::write;

class BackupTest : public testing::OnBothEngines {
 protected:
  [[nodiscard]] std::string file(const std::string& name = "backup") const {
    return folder_.path(name);
  }
};
SLUICE_ON_BOTH_ENGINES(BackupTest);

constexpr Kind kinds[] = {Kind::account, Kind::pool, Kind::key, Kind::user, Kind::token};

/// A row or more in each table, with all that is hard to write down.
void fill(Database& database) {
  write(database, [](Transaction& t) {
    EXPECT_TRUE(
        Objects(t, Kind::user).insert(object("U1", "\xC3\xBCser \"'\\\n\t\x01\xF0\x9F\x98\x80")));
    for (const Kind kind : {Kind::account, Kind::pool, Kind::key, Kind::token}) {
      for (int i = 0; i < 1200; ++i) {
        Object made = object("O" + std::to_string(1000 + i), "name " + std::to_string(i));
        made.owner = i % 3 == 0 ? "U1" : "";
        if (i % 7 == 0) made.removed = noon;
        EXPECT_TRUE(Objects(t, kind).insert(made));
        if (kind != Kind::key) break;
      }
    }
    for (const Kind kind : {Kind::key, Kind::token}) {
      EXPECT_TRUE(HashedSecrets(t, kind).insert(
          {.hash = sha256("s"), .owner = "O1000", .hint = "...abcd", .created = noon}));
    }
    for (int i = 0; i < 600; ++i) {
      SealedSecrets(t).put({.owner = "O1000",
                            .name = "secret" + std::to_string(i),
                            .sealed = std::string("\0\xFF\n", 3),
                            .updated = noon,
                            .expires = noon});
    }
    Activity(t).note({{.key = "O1001", .first_used = noon, .last_used = std::nullopt}});
    AccountRests(t).put({.account = "O1000",
                         .model = "",
                         .state = "blocked",
                         .rule = "forbidden",
                         .reason = "",
                         .since = noon,
                         .until = {}});
    AccountRests(t).lift("O1001", noon);
    AccountFigureTable(t).seen("N1", "here", noon);
    AccountFigureTable(t).put({{.account = "O1000", .node = "N1", .figures = "{}"}});
    AuditEntry entry;
    entry.id = "A1";
    entry.after = R"({"a":"\u0000"})";
    Audit(t).write(entry);
    AttemptTable(t).put(
        {.subject = "user:anna", .failures = 3, .last = noon, .blocked_until = noon});
    Properties(t).put("installation", "");
    ResourcePins(t).put({{"container_1", "O1000", noon}, {"container_2", "of the file", noon}});
    Session session;
    session.user = "U1";
    Sessions(t).insert(session);
    (void)Leases(t).take("oauth", "me", noon, noon);
    t.touch();
    return true;
  });
}

/// All lines but the first, which has the time, and the last, which has the sum.
std::vector<std::string> content(const std::string& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  EXPECT_GT(lines.size(), 2U);
  return {lines.begin() + 1, lines.end() - 1};
}

std::string bytes_of(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

std::int64_t objects_in(Database& database) {
  return read(database, [](Transaction& t) {
    std::int64_t count = 0;
    for (const Kind kind : kinds) count += Objects(t, kind).count();
    return count;
  });
}

TEST_P(BackupTest, HoldsEveryTable) {
  const auto database = open();
  std::set<std::string> there;
  read(*database, [&](Transaction& t) {
    Statement statement(
        t,
        t.engine() == Engine::sqlite
            ? "SELECT name FROM sqlite_master WHERE type = 'table'"
            : "SELECT CAST(tablename AS TEXT) AS name FROM pg_tables WHERE schemaname = 'public'");
    statement.each([&](const Row& row) { there.insert(row.text("name")); });
    return true;
  });

  std::set<std::string> listed(tables_without_backup().begin(), tables_without_backup().end());
  for (const BackupTable& table : backup_tables()) listed.emplace(table.name);
  EXPECT_EQ(there, listed) << "a new table belongs into src/store/backup_tables.cpp";
}

TEST_P(BackupTest, ComesBackOnEitherEngine) {
  const auto database = open();
  fill(*database);
  std::int64_t told = 0;

  const auto figures = value_of(
      back_up(*database, file(), [&](const BackupFigures& so_far) { told = so_far.rows; }));

  EXPECT_EQ(figures.schema, static_cast<int>(migrations().size()));
  EXPECT_EQ(told, figures.rows);
  EXPECT_EQ(figures.bytes, static_cast<std::int64_t>(bytes_of(file()).size()));
  struct stat found{};
  ASSERT_EQ(::stat(file().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600U);
  EXPECT_EQ(content(file()).size(), static_cast<std::size_t>(figures.rows) + backup_tables().size())
      << "no empty table";

  std::vector<DatabaseOptions> targets;
  targets.push_back({.data_dir = folder_.path("restored")});
  if (auto* server = testing::Server::get())
    targets.push_back({.url = server->url(server->add_database())});
  for (const DatabaseOptions& target : targets) {
    const auto other = value_of(Database::open(target));
    const auto again = value_of(restore(*other, file(), Over::empty_store_only, Progress()));
    EXPECT_EQ(again.rows, figures.rows);
    EXPECT_EQ(again.bytes, figures.bytes);
    const std::string copy = file("copy" + std::to_string(static_cast<int>(other->engine())));
    value_of(back_up(*other, copy, Progress()));
    EXPECT_EQ(content(copy), content(file()));
    read(*other, [](Transaction& t) {
      EXPECT_TRUE(Sessions(t).of("U1").empty()) << "who signed out stays signed out";
      return true;
    });
  }
}

TEST_P(BackupTest, IsNotWrittenOverAFile) {
  const auto database = open();
  std::ofstream(file()) << "precious";

  EXPECT_EQ(back_up(*database, file(), Progress()).error().code, Errc::already_exists);
  EXPECT_EQ(bytes_of(file()), "precious");
  EXPECT_EQ(back_up(*database, folder_.path("no/such/folder"), Progress()).error().code, Errc::io);
}

TEST_P(BackupTest, GoesOnlyIntoAnEmptyStoreUnlessToldOtherwise) {
  const auto database = open();
  fill(*database);
  value_of(back_up(*database, file(), Progress()));
  const std::int64_t before = objects_in(*database);
  write(*database,
        [](Transaction& t) { return Objects(t, Kind::pool).insert(object("P9", "later")); });
  const std::int64_t known = read(*database, [](Transaction& t) { return revision(t); });

  EXPECT_EQ(restore(*database, file(), Over::empty_store_only, Progress()).error().code,
            Errc::already_exists);
  EXPECT_EQ(objects_in(*database), before + 1);

  value_of(restore(*database, file(), Over::anything, Progress()));
  EXPECT_EQ(objects_in(*database), before);
  EXPECT_GT(read(*database, [](Transaction& t) { return revision(t); }), known)
      << "the servers are told";
}

TEST_P(BackupTest, ThatIsDamagedChangesNothing) {
  const auto database = open();
  write(*database,
        [](Transaction& t) { return Objects(t, Kind::pool).insert(object("P1", "mine")); });
  value_of(back_up(*database, file(), Progress()));
  const std::string whole = bytes_of(file());
  std::vector<std::string> damaged = {"",          "precious",   "{}\n",
                                      whole + "x", whole + "\n", whole + whole};
  for (std::size_t size = 1; size < whole.size(); size += 37)
    damaged.push_back(whole.substr(0, size));
  damaged.push_back(whole.substr(0, whole.size() - 1));
  for (std::size_t at = 0; at < whole.size(); at += 11) {
    damaged.push_back(whole);
    damaged.back()[at] = whole[at] == 'x' ? 'y' : 'x';
  }

  for (const std::string& bytes : damaged) {
    std::ofstream(file("damaged"), std::ios::trunc) << bytes;
    const auto result = restore(*database, file("damaged"), Over::anything, Progress());
    ASSERT_FALSE(result) << bytes;
    EXPECT_EQ(result.error().code, Errc::invalid_config) << result.error().context;
  }
  EXPECT_EQ(restore(*database, file("missing"), Over::anything, Progress()).error().code, Errc::io);
  EXPECT_EQ(objects_in(*database), 1);
}

constexpr std::string_view later_sql =
    "ALTER TABLE properties ADD COLUMN note {{text}};\nUPDATE properties SET note = 'made "
    "later';\n";

TEST_P(BackupTest, OfAnOlderSchemaIsBroughtUpToDateAndOfANewerOneRefused) {
  const auto old = open();
  write(*old, [](Transaction& t) {
    Properties(t).put("a", "b");
    return true;
  });
  value_of(back_up(*old, file("old"), Progress()));
  std::vector<Migration> known(migrations().begin(), migrations().end());
  known.push_back({static_cast<int>(known.size()) + 1, "later", later_sql});
  const auto newer = value_of(Database::open(another_store(), known));

  value_of(restore(*newer, file("old"), Over::empty_store_only, Progress()));
  read(*newer, [&](Transaction& t) {
    EXPECT_EQ(schema_number(t), static_cast<int>(known.size()));
    EXPECT_EQ(
        Statement(t, "SELECT count(*) FROM properties WHERE note = 'made later'").one_number(), 1);
    return true;
  });

  value_of(back_up(*newer, file("new"), Progress()));
  const auto refused = restore(*old, file("new"), Over::anything, Progress());
  EXPECT_EQ(refused.error().code, Errc::invalid_config);
  EXPECT_NE(refused.error().context.find(std::to_string(known.size())), std::string::npos);
}

}  // namespace
}  // namespace sluice::store
