#include "store/watcher.hpp"

#include <condition_variable>
#include <mutex>

#include "store/properties.hpp"
#include "store/testing.hpp"
#include "store/transaction.hpp"

namespace sluice::store {
namespace {

using testing::read;
using testing::write;

class WatcherTest : public testing::OnBothEngines {};
SLUICE_ON_BOTH_ENGINES(WatcherTest);

/// What a watcher told, and how long it took.
class Told {
 public:
  void operator()(std::int64_t revision) {
    const std::lock_guard lock(mutex_);
    last_ = revision;
    count_ += 1;
    changed_.notify_all();
  }
  [[nodiscard]] bool of(std::int64_t revision, Milliseconds within) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, within, [&] { return last_ == revision; });
  }
  [[nodiscard]] int count() {
    const std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t last_ = -1;
  int count_ = 0;
};

constexpr Milliseconds promised{1000};

void change(Database& database) {
  write(database, [](Transaction& t) {
    t.touch();
    return true;
  });
}

std::int64_t revision_of(Database& database) {
  return read(database, [](Transaction& t) { return revision(t); });
}

TEST_P(WatcherTest, TellsOfChangesByAnyDatabase) {
  const auto database = open();
  const auto other = open();
  Told told;
  const Watcher watcher(*database, revision_of(*database), std::ref(told));

  for (std::int64_t expected = 1; expected <= 5; ++expected) {
    change(expected % 2 == 0 ? *other : *database);
    EXPECT_TRUE(told.of(expected, promised)) << expected;
  }
  EXPECT_EQ(told.count(), 5);
}

TEST_P(WatcherTest, TellsAtOnceOfWhatChangedBeforeItBegan) {
  const auto database = open();
  const std::int64_t known = revision_of(*database);
  change(*database);
  Told told;

  const Watcher watcher(*database, known, std::ref(told));

  EXPECT_TRUE(told.of(known + 1, promised));
}

TEST_P(WatcherTest, IsSilentAboutBookkeepingAndWhatWasTakenBack) {
  const auto database = open();
  Told told;
  const Watcher watcher(*database, revision_of(*database), std::ref(told));

  for (int i = 0; i < 20; ++i) {
    write(*database, [&](Transaction& t) {
      Properties(t).put("seen", std::to_string(i));
      return true;
    });
  }
  const auto taken_back = database->write<int>([](Transaction& t) -> Result<int> {
    t.touch();
    return fail(Errc::cancelled, Side::gateway, "not this time");
  });
  EXPECT_FALSE(taken_back);

  // The next change is the first that it tells of.
  change(*database);
  EXPECT_TRUE(told.of(1, promised));
  EXPECT_EQ(told.count(), 1);
}

TEST_P(WatcherTest, StopsAtOnce) {
  const auto database = open();
  auto watcher = std::make_unique<Watcher>(*database, 0, [](std::int64_t) {});
  const auto begin = std::chrono::steady_clock::now();

  watcher.reset();

  EXPECT_LT(std::chrono::steady_clock::now() - begin, Milliseconds(200))
      << "50 ms and a loaded machine";
}

TEST(PostgresqlWatcher, TellsOfChangesWhenTheServerIsBack) {
  testing::Server* server = testing::Server::get();
  if (server == nullptr) GTEST_SKIP() << "PostgreSQL is not installed";
  const auto database =
      testing::value_of(Database::open({.url = server->url(server->add_database())}));
  Told told;
  const Watcher watcher(*database, 0, std::ref(told));
  change(*database);
  ASSERT_TRUE(told.of(1, promised));

  server->stop();
  const auto refused = database->read<int>([](Transaction&) -> Result<int> { return 1; });
  EXPECT_EQ(refused.error().code, Errc::store_unavailable);
  EXPECT_EQ(refused.error().context.find("sl/u"), std::string::npos) << refused.error().context;
  server->start();

  // Without a word from us in between: the sessions of the database are made anew.
  change(*database);
  EXPECT_TRUE(told.of(2, promised + Milliseconds(1000)));
}

}  // namespace
}  // namespace sluice::store
