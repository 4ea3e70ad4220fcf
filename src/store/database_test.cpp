#include "store/database.hpp"

#include <soci/soci.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "store/properties.hpp"
#include "store/statement.hpp"
#include "store/testing.hpp"

namespace sluice::store {
namespace {

using testing::object;
using testing::read;
using testing::value_of;
using testing::write;

class DatabaseTest : public testing::OnBothEngines {};
SLUICE_ON_BOTH_ENGINES(DatabaseTest);

std::int64_t keys_in(Database& database) {
  return read(database, [](Transaction& t) { return Objects(t, Kind::key).count(); });
}

TEST_P(DatabaseTest, KeepsAllOfATransactionOrNothingOfIt) {
  const auto database = open();
  const auto insert = [](Transaction& t, const char* id) {
    return Objects(t, Kind::key).insert(object(id, id));
  };

  const auto failed = database->write<int>([&](Transaction& t) -> Result<int> {
    CHECK_OK(insert(t, "K1"));
    return fail(Errc::not_allowed, Side::client, "changed my mind");
  });
  EXPECT_EQ(failed.error().context, "changed my mind");
  EXPECT_EQ(keys_in(*database), 0);

  EXPECT_THROW((void)database->write<int>([&](Transaction& t) -> Result<int> {
    CHECK_OK(insert(t, "K1"));
    throw std::runtime_error("a bug");
  }),
               std::runtime_error);
  EXPECT_EQ(keys_in(*database), 0);

  write(*database, [&](Transaction& t) { return insert(t, "K1"); });
  EXPECT_EQ(keys_in(*database), 1);
}

TEST_P(DatabaseTest, ChangesNothingWhileItReads) {
  const auto database = open();
  const auto refused = database->read<int>([&](Transaction& t) -> Result<int> {
    Properties(t).put("a", "b");
    return 1;
  });
  EXPECT_FALSE(refused);
  write(*database, [](Transaction& t) {
    EXPECT_EQ(Properties(t).find("a"), std::nullopt);
    Properties(t).put("a", "b");
    return true;
  });
}

TEST_P(DatabaseTest, ReadsOneStateWhateverOthersWrite) {
  const auto database = open();
  const auto other = open();
  read(*database, [&](Transaction& t) {
    const std::int64_t before = Objects(t, Kind::key).count();
    write(*other, [](Transaction& w) { return Objects(w, Kind::key).insert(object("K1", "K1")); });
    EXPECT_EQ(Objects(t, Kind::key).count(), before);
    return true;
  });
  EXPECT_EQ(keys_in(*database), 1);
}

TEST_P(DatabaseTest, TellsOfAMistakeInSqlAndGoesOn) {
  const auto database = open();
  const auto failed = database->write<int>([](Transaction& t) -> Result<int> {
    Properties(t).put("a", "b");
    Statement(t, "INSERT INTO nowhere (id) VALUES (1)").run();
    return 1;
  });
  EXPECT_EQ(failed.error().code, Errc::internal);
  const auto twice = database->write<int>([](Transaction& t) -> Result<int> {
    for (int i = 0; i < 2; ++i) {
      Statement(t, "INSERT INTO properties (name, value) VALUES (:name, :value)")
          .text("name", "a name")
          .text("value", "a secret value")
          .run();
    }
    return 1;
  });
  EXPECT_EQ(twice.error().code, Errc::internal);
  EXPECT_EQ(twice.error().context.find("secret value"), std::string::npos) << twice.error().context;
  EXPECT_EQ(twice.error().context.find("a name"), std::string::npos)
      << "what was bound is nobody's business: " << twice.error().context;
  EXPECT_EQ(read(*database, [](Transaction& t) { return Properties(t).find("a"); }), std::nullopt);
}

TEST_P(DatabaseTest, LetsOneOfManyEditorsOfAVersionWin) {
  const auto first = open();
  const auto second = open();
  write(*first, [](Transaction& t) { return Objects(t, Kind::key).insert(object("K1", "K1")); });
  constexpr int rounds = 20;
  std::array<std::atomic<int>, rounds> won{};
  std::atomic<int> strange{0};
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 8; ++thread) {
      threads.emplace_back([&, thread] {
        for (int round = 0; round < rounds; ++round) {
          Object mine = object("K1", "by " + std::to_string(thread));
          mine.version = round + 1;
          for (;;) {
            const auto version =
                (thread % 2 == 0 ? first : second)->write<std::int64_t>([&](Transaction& t) {
                  return Objects(t, Kind::key).update(mine);
                });
            if (version) {
              won.at(static_cast<std::size_t>(round)) += 1;
              break;
            }
            if (version.error().code != Errc::version_conflict) strange += 1;
            // Those who are early try again when their version is there.
            const auto now = read(
                *first, [](Transaction& t) { return Objects(t, Kind::key).find("K1")->version; });
            if (now > mine.version) break;
          }
        }
      });
    }
  }
  for (const auto& winners : won) EXPECT_EQ(winners, 1);
  EXPECT_EQ(strange, 0);
}

TEST_P(DatabaseTest, LosesNoWriteOfManyWriters) {
  const auto first = open();
  const auto second = open();
  constexpr int threads_count = 8;
  constexpr int writes = 25;
  std::atomic<int> failures{0};
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < threads_count; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < writes; ++i) {
          const auto done =
              (thread % 2 == 0 ? first : second)->write<int>([&](Transaction& t) -> Result<int> {
                const int before = std::stoi(Properties(t).find("count").value_or("0"));
                Properties(t).put("count", std::to_string(before + 1));
                return before;
              });
          if (!done) failures += 1;
        }
      });
    }
  }
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(read(*first, [](Transaction& t) { return Properties(t).find("count"); }),
            std::to_string(threads_count * writes));
}

TEST_P(DatabaseTest, GivesUpWaitingForAWriterAfterItsTime) {
  const auto database = open();
  options_.busy_max = Milliseconds(100);
  options_.connections = 1;
  const auto impatient = open();
  write(*database, [&](Transaction& t) {
    Properties(t).put("a", "b");
    const auto begin = std::chrono::steady_clock::now();
    const auto refused = impatient->write<int>([](Transaction&) -> Result<int> { return 1; });
    EXPECT_EQ(refused.error().code, Errc::store_unavailable) << refused.error().context;
    EXPECT_LT(std::chrono::steady_clock::now() - begin, Milliseconds(3000));
    EXPECT_EQ(keys_in(*impatient), 0) << "readers don't wait";
    return true;
  });
  write(*impatient, [](Transaction&) { return true; });

  // And for a connection of its own process.
  read(*impatient, [&](Transaction&) {
    const auto refused = impatient->read<int>([](Transaction&) -> Result<int> { return 1; });
    EXPECT_EQ(refused.error().code, Errc::store_unavailable) << refused.error().context;
    return true;
  });
}

TEST_P(DatabaseTest, IsOpenedByTwoProcessesAtOnce) {
  const DatabaseOptions options = another_store();
  std::array<pid_t, 2> processes{};
  for (pid_t& process : processes) {
    process = ::fork();
    if (process == 0) {
      const auto database = Database::open(options);
      ::_exit(database ? 0 : 1);
    }
  }
  for (const pid_t process : processes) {
    int status = -1;
    ::waitpid(process, &status, 0);
    EXPECT_EQ(status, 0);
  }
}

TEST(SqliteDatabase, LiesInAFolderAndAFileForItsOwnerOnly) {
  const testing::Folder folder;
  const auto database = value_of(Database::open({.data_dir = folder.path("a/b c=d")}));
  write(*database, [](Transaction& t) { return Objects(t, Kind::key).insert(object("K1", "K1")); });

  EXPECT_EQ(database->location(), folder.path("a/b c=d/sluice.db"));
  struct stat found{};
  for (const char* name : {"a", "a/b c=d"}) {
    ASSERT_EQ(::stat(folder.path(name).c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0700U) << name;
  }
  for (const char* name : {"sluice.db", "sluice.db-wal", "sluice.db-shm"}) {
    ASSERT_EQ(::stat((folder.path("a/b c=d/") + name).c_str(), &found), 0) << name;
    EXPECT_EQ(found.st_mode & 0777, 0600U) << name;
  }
}

TEST(SqliteDatabase, TakesTheTroubleToReachTheDisk) {
  const testing::Folder folder;
  const auto database = value_of(Database::open({.data_dir = folder.path()}));
  read(*database, [](Transaction& t) {
    EXPECT_EQ(Statement(t, "PRAGMA synchronous").one_number(), 2) << "FULL";
    EXPECT_EQ(Statement(t, "PRAGMA foreign_keys").one_number(), 1);
    Statement statement(t, "PRAGMA journal_mode");
    EXPECT_EQ(first(statement, [](const Row& row) { return row.text("journal_mode"); }), "wal");
    return true;
  });
}

TEST(SqliteDatabase, SaysWhatIsWrongAndWhatToDo) {
  const testing::Folder folder;
  const auto refused = [](const std::string& url) {
    auto result = Database::open({.url = Secret(url)});
    EXPECT_FALSE(result) << url;
    return result ? Error{} : result.error();
  };
  EXPECT_EQ(refused("sqlite://").code, Errc::invalid_config) << "no data folder";
  EXPECT_EQ(refused("sqlite://:memory:").code, Errc::invalid_config);
  EXPECT_EQ(refused("mysql://localhost").code, Errc::invalid_config);

  std::ofstream(folder.path("text.db")) << std::string(5000, 'x');
  EXPECT_EQ(refused("sqlite://" + folder.path("text.db")).code, Errc::invalid_config);
  EXPECT_EQ(refused("sqlite://" + folder.path("text.db/below")).code, Errc::io)
      << "a file in place of a folder";

  const auto database = value_of(Database::open({.data_dir = folder.path()}));
  const auto full = database->write<int>([](Transaction& t) -> Result<int> {
    Statement(t, "PRAGMA max_page_count = 10").each([](const Row&) {});
    for (int i = 0;; ++i) Properties(t).put(std::to_string(i), std::string(10000, 'x'));
  });
  EXPECT_EQ(full.error().code, Errc::store_unavailable);
  EXPECT_NE(full.error().context.find("disk is full"), std::string::npos) << full.error().context;
}

TEST(SqliteDatabase, OpensADatabaseWithoutWaitingForItsWriter) {
  const testing::Folder folder;
  const DatabaseOptions options{.data_dir = folder.path(), .busy_max = Milliseconds(100)};
  const auto database = value_of(Database::open(options));
  write(*database, [&](Transaction& t) {
    Properties(t).put("a", "b");
    EXPECT_TRUE(Database::open(options));
    return true;
  });
}

TEST(PostgresqlDatabase, SaysWhatIsWrongAndNeverThePassword) {
  testing::Server* server = testing::Server::get();
  if (server == nullptr) GTEST_SKIP() << "PostgreSQL is not installed";
  const std::string url(server->url("postgres").reveal());
  const auto refused = [](std::string text) {
    auto result =
        Database::open({.url = Secret(std::move(text)), .connect_max = Milliseconds(2000)});
    EXPECT_FALSE(result);
    return result ? Error{} : result.error();
  };
  const auto replaced = [&](std::string_view what, std::string_view by) {
    std::string out = url;
    return out.replace(out.find(what), what.size(), by);
  };
  for (const std::string& bad :
       {replaced("sl%2Fu", "wrong-pass"), replaced("/postgres?", "/nowhere?"),
        replaced("?host=", "?host=%2Fnowhere"),
        std::string("postgresql://u:wrong-pass@127.0.0.1:1/d")}) {
    const Error error = refused(bad);
    EXPECT_EQ(error.code, Errc::store_unavailable) << error.context;
    EXPECT_EQ(error.context.find("wrong-pass"), std::string::npos) << error.context;
    EXPECT_EQ(error.context.find("sl/u"), std::string::npos) << error.context;
    EXPECT_EQ(error.context.find('\n'), std::string::npos) << error.context;
    EXPECT_NE(error.context.find('('), std::string::npos) << "advice";
  }
}

TEST(PostgresqlDatabase, ReplacesConnectionsThatBroke) {
  testing::Server* server = testing::Server::get();
  if (server == nullptr) GTEST_SKIP() << "PostgreSQL is not installed";
  const std::string name = server->add_database();
  const auto database = value_of(Database::open({.url = server->url(name)}));
  for (int i = 0; i < 3; ++i) {
    server->run_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" +
                    name + "'");
    EXPECT_EQ(keys_in(*database), 0);
  }
  // In the midst of a transaction its work is lost, and the next one goes through.
  const auto lost = database->write<int>([&](Transaction& t) -> Result<int> {
    Properties(t).put("a", "b");
    server->run_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" +
                    name + "'");
    Properties(t).put("c", "d");
    return 1;
  });
  EXPECT_EQ(lost.error().code, Errc::store_unavailable) << lost.error().context;
  write(*database, [](Transaction& t) {
    EXPECT_EQ(Properties(t).find("a"), std::nullopt);
    return true;
  });
}

TEST(PostgresqlDatabase, RunsATransactionAgainThatGaveWayToAnother) {
  testing::Server* server = testing::Server::get();
  if (server == nullptr) GTEST_SKIP() << "PostgreSQL is not installed";
  const auto database = value_of(Database::open({.url = server->url(server->add_database())}));
  int runs = 0;
  const auto done = database->write<int>([&](Transaction& t) -> Result<int> {
    Properties(t).put("runs", std::to_string(++runs));
    if (runs < 3) {
      Statement(
          t,
          "DO $$ BEGIN RAISE EXCEPTION 'given up' USING ERRCODE = 'serialization_failure'; END $$")
          .run();
    }
    return runs;
  });
  EXPECT_EQ(done, 3);
  EXPECT_EQ(read(*database, [](Transaction& t) { return Properties(t).find("runs"); }), "3");
}

}  // namespace
}  // namespace sluice::store
