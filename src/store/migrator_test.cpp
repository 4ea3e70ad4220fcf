#include "store/migrator.hpp"

#include <array>
#include <thread>

#include "store/statement.hpp"
#include "store/testing.hpp"

namespace sluice::store {
namespace {

using testing::read;
using testing::write;

class MigratorTest : public testing::OnBothEngines {};
SLUICE_ON_BOTH_ENGINES(MigratorTest);

constexpr std::string_view first_sql =
    "-- A comment: with a colon; and a\n"
    "CREATE TABLE one (id {{text}} PRIMARY KEY);\n"
    "INSERT INTO one (id) VALUES ('a;b');\n";
constexpr std::string_view second_sql =
    "ALTER TABLE one ADD COLUMN two BIGINT;\nUPDATE one SET two = 2;\n";
constexpr std::string_view broken_sql =
    "CREATE TABLE three (id {{text}});\nINSERT INTO nowhere (id) VALUES (1);\n";

constexpr std::array<Migration, 2> two = {{{1, "first", first_sql}, {2, "second", second_sql}}};
constexpr std::array<Migration, 3> three_broken = {
    {{1, "first", first_sql}, {2, "second", second_sql}, {3, "broken", broken_sql}}};
constexpr std::array<Migration, 1> altered = {{{1, "other", second_sql}}};

TEST_P(MigratorTest, AppliesEachOnce) {
  for (int i = 0; i < 2; ++i) {
    const auto database = testing::value_of(Database::open(options_, two));
    read(*database, [](Transaction& t) {
      EXPECT_EQ(schema_number(t), 2);
      EXPECT_EQ(Statement(t, "SELECT sum(two) FROM one WHERE id = 'a;b'").one_number(), 2);
      EXPECT_EQ(Statement(t, "SELECT count(*) FROM migrations WHERE applied_at > 0").one_number(),
                2);
      return true;
    });
  }
}

TEST_P(MigratorTest, GoesOnWhereItWasLeft) {
  {
    const auto database = testing::value_of(Database::open(options_, std::span(two).first(1)));
  }
  const auto database = testing::value_of(Database::open(options_, two));
  EXPECT_EQ(read(*database, [](Transaction& t) { return schema_number(t); }), 2);
}

TEST_P(MigratorTest, TakesBackOneThatFailsAndKeepsThoseBefore) {
  const auto failed = Database::open(options_, three_broken);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::internal) << failed.error().context;

  const auto database = testing::value_of(Database::open(options_, two));
  read(*database, [](Transaction& t) {
    EXPECT_EQ(schema_number(t), 2);
    return true;
  });
  const auto gone = database->read<bool>([](Transaction& t) -> Result<bool> {
    return Statement(t, "SELECT count(*) FROM three").one_number().has_value();
  });
  EXPECT_FALSE(gone);
}

TEST_P(MigratorTest, RefusesAStoreOfANewerProgram) {
  {
    const auto database = testing::value_of(Database::open(options_, two));
  }

  const auto refused = Database::open(options_, std::span(two).first(1));

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_config);
  EXPECT_NE(refused.error().context.find("schema 2"), std::string::npos) << refused.error().context;
  EXPECT_NE(refused.error().context.find("up to 1"), std::string::npos) << refused.error().context;
}

TEST_P(MigratorTest, RefusesAStoreWithAnotherHistory) {
  {
    const auto database = testing::value_of(Database::open(options_, std::span(two).first(1)));
  }

  const auto refused = Database::open(options_, altered);

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_config);
  EXPECT_NE(refused.error().context.find("first"), std::string::npos) << refused.error().context;
}

TEST_P(MigratorTest, OfSeveralAtOnceOneDoesIt) {
  for (int round = 0; round < 5; ++round) {
    const DatabaseOptions options = another_store();
    std::array<Status, 8> outcomes;
    {
      std::vector<std::jthread> threads;
      for (Status& outcome : outcomes) {
        threads.emplace_back([&] {
          const auto database = Database::open(options);
          if (!database) outcome = std::unexpected(database.error());
        });
      }
    }
    for (const Status& outcome : outcomes) EXPECT_TRUE(outcome) << outcome.error().context;
  }
}

TEST(Migrations, AreNumberedWithoutGaps) {
  int expected = 0;
  for (const Migration& migration : migrations()) EXPECT_EQ(migration.number, ++expected);
  EXPECT_GT(expected, 0);
}

TEST(Migrations, EndEachStatementAtTheEndOfALine) {
  for (const Migration& migration : migrations()) {
    EXPECT_TRUE(migration.sql.ends_with(";\n")) << migration.name;
    // Cut at ";\n": every ';' must be one, comments aside.
    for (std::size_t at = 0; (at = migration.sql.find(';', at)) != std::string_view::npos; ++at) {
      EXPECT_EQ(migration.sql[at + 1], '\n') << migration.name << " at byte " << at;
    }
  }
}

}  // namespace
}  // namespace sluice::store
