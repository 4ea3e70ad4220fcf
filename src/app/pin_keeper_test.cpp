#include "app/pin_keeper.hpp"

#include "store/statement.hpp"
#include "store/testing.hpp"

namespace sluice::app {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;

/// One of the servers on a store.
struct Server {
  Server(store::Database& database, const Clock& clock) : keeper(database, pins, clock) {}
  std::shared_ptr<routing::ResourcePins> pins = std::make_shared<routing::ResourcePins>();
  PinKeeper keeper;
};

class PinKeeperTest : public store::testing::OnBothEngines {
 protected:
  [[nodiscard]] WallTime now() const { return clock_.wall_now(); }
  std::size_t rows(store::Database& database) {
    return store::testing::read(
        database, [](store::Transaction& t) { return store::ResourcePins(t).all().size(); });
  }
  ManualClock clock_;
  const AccountId account_{"A1"};
};
SLUICE_ON_BOTH_ENGINES(PinKeeperTest);

TEST_P(PinKeeperTest, APinOutlivesTheServerThatLearntIt) {
  const auto database = open();
  {
    Server first(*database, clock_);
    first.pins->learn("container_1", account_, now());
    first.keeper.tick();
  }
  Server second(*database, clock_);
  second.keeper.tick();
  EXPECT_EQ(second.pins->find("container_1", now()), account_);
  EXPECT_TRUE(second.pins->take_new().empty());
}

TEST_P(PinKeeperTest, AnotherServerLearnsIt) {
  const auto database = open();
  const auto theirs = open();
  Server one(*database, clock_);
  Server other(*theirs, clock_);
  one.keeper.tick();
  other.keeper.tick();
  one.pins->learn("container_1", account_, now());
  one.keeper.tick();
  other.keeper.tick();
  EXPECT_EQ(other.pins->find("container_1", now()), account_);
  // And when it moves.
  clock_.advance(seconds(1));
  other.pins->learn("container_1", AccountId("A2"), now());
  other.keeper.tick();
  one.keeper.tick();
  EXPECT_EQ(one.pins->find("container_1", now()), AccountId("A2"));
}

TEST_P(PinKeeperTest, EndedOnesLeaveTheStore) {
  const auto database = open();
  Server server(*database, clock_);
  server.pins->learn("container_1", account_, now());
  server.keeper.tick();
  clock_.advance(days(20));
  server.pins->learn("container_2", account_, now());
  server.keeper.tick();
  EXPECT_EQ(rows(*database), 2U);
  clock_.advance(days(11));
  server.keeper.tick();
  EXPECT_EQ(rows(*database), 1U);
  EXPECT_EQ(server.pins->find("container_2", now()), account_);
}

TEST_P(PinKeeperTest, WhatCouldNotBeWrittenIsWrittenLater) {
  const auto database = open();
  Server server(*database, clock_);
  server.keeper.tick();
  const auto rename = [&](const char* from, const char* to) {
    store::testing::write(*database, [&](store::Transaction& t) {
      store::Statement(t, std::string("ALTER TABLE ") + from + " RENAME TO " + to).run();
      return true;
    });
  };
  server.pins->learn("container_1", account_, now());
  rename("resource_pins", "hidden");
  server.keeper.tick();
  server.pins->learn("container_2", account_, now());
  server.keeper.tick();
  rename("hidden", "resource_pins");
  server.keeper.tick();
  EXPECT_EQ(rows(*database), 2U);
}

TEST_P(PinKeeperTest, AStoreThatWasPutBackIsReadAnew) {
  const auto database = open();
  Server server(*database, clock_);
  for (int i = 0; i < 5; ++i) {
    server.pins->learn("container_" + std::to_string(i), account_, now());
    server.keeper.tick();
  }
  store::testing::write(*database, [&](store::Transaction& t) {
    store::Statement(t, "DELETE FROM resource_pins").run();
    store::ResourcePins(t).put({{"older", "A1", now() + hours(1)}});
    return true;
  });
  server.keeper.tick();
  EXPECT_EQ(server.pins->find("older", now()), account_);
}

}  // namespace
}  // namespace sluice::app
