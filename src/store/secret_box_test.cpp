#include "store/secret_box.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "base/master_key.hpp"
#include "base/random.hpp"
#include "store/testing.hpp"

namespace sluice::store {
namespace {

using testing::noon;
using testing::read;
using testing::value_of;

class SecretBoxes : public testing::OnBothEngines {
 protected:
  std::string key_file() const { return folder_.path("keys/master.key"); }
  std::unique_ptr<SecretBox> box(Database& database) const {
    return value_of(SecretBox::open(database, key_file()));
  }

  static Status put(Database& database, SecretBox& box, const std::string& owner,
                    const std::string& secret) {
    const auto put_it = [&](Transaction& transaction) -> Result<bool> {
      CHECK_OK(box.put(transaction, owner, "api_key", Secret(secret), noon));
      return true;
    };
    auto done = database.write<bool>(put_it);
    if (!done) return std::unexpected(done.error());
    return {};
  }

  /// What is there under a fresh box; the error's words where it doesn't open.
  std::string find(Database& database, const std::string& owner) const {
    auto fresh = box(database);
    const auto found = read(database, [&](Transaction& transaction) {
      return fresh->find(transaction, owner, "api_key");
    });
    if (!found) return found.error().context;
    return *found ? std::string((*found)->secret.reveal()) : "nothing";
  }
};

TEST_P(SecretBoxes, GiveBackWhatTheyWereGivenAndStoreNoByteOfIt) {
  auto database = open();
  auto secrets = box(*database);
  ASSERT_TRUE(put(*database, *secrets, "a1", "sk-ant-the-secret"));

  EXPECT_EQ(find(*database, "a1"), "sk-ant-the-secret");
  EXPECT_EQ(find(*database, "a2"), "nothing");
  const auto stored =
      read(*database, [](Transaction& transaction) { return SealedSecrets(transaction).all(); });
  ASSERT_EQ(stored.size(), 1U);
  EXPECT_EQ(stored[0].sealed.find("secret"), std::string::npos);
  EXPECT_EQ(stored[0].hint, "...cret");
}

TEST_P(SecretBoxes, DoNotOpenASecretThatWasMovedToAnotherRow) {
  auto database = open();
  auto secrets = box(*database);
  ASSERT_TRUE(put(*database, *secrets, "a1", "sk-ant-the-secret"));
  testing::write(*database, [](Transaction& transaction) {
    SealedSecrets table(transaction);
    SealedSecret moved = *table.find("a1", "api_key");
    moved.owner = "a2";
    table.put(moved);
    return true;
  });
  EXPECT_NE(find(*database, "a2").find("altered or belongs to another place"), std::string::npos);
}

TEST_P(SecretBoxes, MakeNoNewMasterKeyWhereThereAreSecretsOfAnOldOne) {
  auto database = open();
  ASSERT_TRUE(put(*database, *box(*database), "a1", "sk-ant-the-secret"));
  ASSERT_EQ(::unlink(key_file().c_str()), 0);

  const auto opened = SecretBox::open(*database, key_file());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::not_found);
  EXPECT_NE(::access(key_file().c_str(), F_OK), 0);
}

TEST_P(SecretBoxes, OfOtherProcessesReadAndWriteOnAfterARotation) {
  auto database = open();
  auto mine = box(*database);
  auto others = box(*database);
  ASSERT_TRUE(put(*database, *others, "a1", "before"));

  EXPECT_EQ(value_of(mine->rotate(*database)), 1);
  EXPECT_EQ(value_of(load_master_key(key_file())).keys().size(), 1U);

  const auto found = read(*database, [&](Transaction& transaction) {
    return others->find(transaction, "a1", "api_key");
  });
  EXPECT_EQ(value_of(found)->secret.reveal(), "before");
}

TEST_P(SecretBoxes, NeverSealUnderAKeyThatARotationDropped) {
  auto database = open();
  auto mine = box(*database);
  auto others = box(*database);
  ASSERT_TRUE(mine->rotate(*database));

  ASSERT_TRUE(put(*database, *others, "a1", "by somebody who has read nothing since"));
  EXPECT_EQ(find(*database, "a1"), "by somebody who has read nothing since");
}

TEST_P(SecretBoxes, RefuseToSealBesideAStoreThatWasSealedElsewhere) {
  auto database = open();
  auto mine = box(*database);
  ASSERT_TRUE(put(*database, *mine, "a1", "secret"));
  ASSERT_TRUE(mine->rotate(*database));
  // Another machine, whose copy of the file nobody brought up to date.
  ASSERT_EQ(::unlink(key_file().c_str()), 0);
  ASSERT_TRUE(load_or_create_master_key(key_file()));
  auto foreign = box(*database);

  const auto refused = put(*database, *foreign, "a2", "secret");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_config);
}

/// A process that opens the store and does `work` over and over, until it is killed.
class Worker {
 public:
  template <class Work>
  Worker(const DatabaseOptions& options, const std::string& key_file, Work work) : id_(::fork()) {
    if (id_ != 0) return;
    auto database = value_of(Database::open(options));
    auto box = value_of(SecretBox::open(*database, key_file));
    for (int turn = 0;; ++turn) work(*database, *box, turn);
  }
  ~Worker() {
    ::kill(id_, SIGKILL);
    ::waitpid(id_, nullptr, 0);
  }

 private:
  pid_t id_;
};

TEST_P(SecretBoxes, KeepEverySecretReadableWheneverRotationsAndWritersAreKilled) {
  SeededRandom random(17);
  constexpr int rows = 20;
  {
    auto database = open();
    auto secrets = box(*database);
    for (int i = 0; i < rows; ++i)
      ASSERT_TRUE(put(*database, *secrets, "a" + std::to_string(i), "secret"));
  }
  std::int64_t rotations = 0;
  std::string key_before;
  std::uint64_t longest_us = 80'000;
  for (int round = 0; round < 25; ++round) {
    {
      const auto rotate = [](Database& database, SecretBox& secrets, int) {
        (void)secrets.rotate(database);
      };
      const auto write = [](Database& database, SecretBox& secrets, int turn) {
        (void)put(database, secrets, "a" + std::to_string(turn % rows), "secret");
      };
      const Worker first(options_, key_file(), rotate);
      const Worker second(options_, key_file(), rotate);
      const Worker writer(options_, key_file(), write);
      std::this_thread::sleep_for(std::chrono::microseconds(random.below(longest_us)));
    }
    auto database = open();
    for (int i = 0; i < rows; ++i)
      ASSERT_EQ(find(*database, "a" + std::to_string(i)), "secret") << "round " << round;
    const std::string key = value_of(load_master_key(key_file())).current().id_text();
    if (key != key_before) {
      ++rotations;
    } else if (longest_us < 5'000'000) {
      longest_us *= 2;  // a slow machine: they were killed before they had begun
    }
    key_before = key;
  }
  EXPECT_GT(rotations, 5) << "the rounds were too short to show anything";

  auto database = open();
  ASSERT_TRUE(box(*database)->rotate(*database));
  EXPECT_EQ(value_of(load_master_key(key_file())).keys().size(), 1U)
      << "the next rotation finishes them all";
  for (int i = 0; i < rows; ++i) EXPECT_EQ(find(*database, "a" + std::to_string(i)), "secret");
}

SLUICE_ON_BOTH_ENGINES(SecretBoxes);

}  // namespace
}  // namespace sluice::store
