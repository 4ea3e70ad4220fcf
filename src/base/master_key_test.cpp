#include "base/master_key.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "base/master_key_text.hpp"
#include "base/random.hpp"

namespace sluice {
namespace {

namespace fs = std::filesystem;

class MasterKey : public ::testing::Test {
 protected:
  MasterKey() {
    std::string pattern = (fs::temp_directory_path() / "sluice-master-key-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    path = folder / "master.key";
  }
  ~MasterKey() override { fs::remove_all(folder); }

  std::string content() const {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void put(std::string_view text) const {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
  }

  fs::path folder;
  std::string path;
};

TEST_F(MasterKey, IsMadeOnceForItsOwnerAlone) {
  const auto made = load_or_create_master_key(path);
  ASSERT_TRUE(made) << made.error().context;
  const auto again = load_or_create_master_key(path);
  ASSERT_TRUE(again);

  EXPECT_EQ(made->current().id(), again->current().id());
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(files(), 1U);
}

TEST_F(MasterKey, IsMadeInAFolderThatIsNotThereYet) {
  const std::string deeper = folder / "data" / "master.key";
  ASSERT_TRUE(load_or_create_master_key(deeper));
  EXPECT_EQ(fs::status(folder / "data").permissions(), fs::perms::owner_all);
}

TEST_F(MasterKey, IsNotMadeWhereItWasExpected) {
  const auto loaded = load_master_key(path);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Errc::not_found);
  EXPECT_EQ(files(), 0U);
}

TEST_F(MasterKey, IsRefusedWhenAnyoneElseMayReadIt) {
  ASSERT_TRUE(load_or_create_master_key(path));
  for (const mode_t mode : {0640U, 0604U, 0620U, 0602U, 0610U, 0601U, 0644U, 0660U}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    const auto loaded = load_or_create_master_key(path);
    ASSERT_FALSE(loaded) << std::oct << mode;
    EXPECT_EQ(loaded.error().code, Errc::invalid_config);
    EXPECT_NE(loaded.error().context.find("chmod 600 " + path), std::string::npos);
  }
  ASSERT_EQ(::chmod(path.c_str(), 0400), 0);
  EXPECT_TRUE(load_master_key(path));
}

TEST_F(MasterKey, IsRefusedWhenCutAnywhere) {
  ASSERT_TRUE(load_or_create_master_key(path));
  ASSERT_TRUE(add_master_key(path));
  const std::string whole = content();
  for (std::size_t size = 0; size + 1 < whole.size(); ++size) {
    put(whole.substr(0, size));
    const auto loaded = load_or_create_master_key(path);
    ASSERT_FALSE(loaded) << "cut after " << size;
    EXPECT_EQ(loaded.error().code, Errc::invalid_config);
    EXPECT_EQ(content(), whole.substr(0, size)) << "it is not overwritten";
  }
  put(whole.substr(0, whole.size() - 1));  // an editor took the last line's end
  EXPECT_TRUE(load_master_key(path));
}

TEST_F(MasterKey, IsRefusedWhenAnyByteWasAltered) {
  ASSERT_TRUE(load_or_create_master_key(path));
  const std::string whole = content();
  for (std::size_t at = 0; at + 1 < whole.size(); ++at) {
    std::string altered = whole;
    altered[at] = static_cast<char>(altered[at] ^ 2);
    put(altered);
    EXPECT_FALSE(load_master_key(path)) << "byte " << at;
  }
}

TEST_F(MasterKey, NeverTellsItsBytesInAnError) {
  ASSERT_TRUE(load_or_create_master_key(path));
  const std::string whole = content();
  const std::string key = whole.substr(whole.find('\n') + 1, 44);
  for (const std::string& text :
       {whole + "x", key, "sluice-master-key 1\n" + key + "\n", "sluice-master-key 2\n" + key}) {
    put(text);
    const auto loaded = load_master_key(path);
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().context.find(key.substr(0, 8)), std::string::npos);
  }
}

TEST_F(MasterKey, IsRefusedWhenItIsNoFileOrFarTooLong) {
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_FALSE(load_master_key(path));
  fs::remove(path);
  fs::create_directory(path);
  EXPECT_FALSE(load_or_create_master_key(path));
  fs::remove(path);
  put("sluice-master-key 1\n" + std::string(1 << 20, 'A'));
  EXPECT_NE(load_master_key(path).error().context.find("far too long"), std::string::npos);
}

TEST_F(MasterKey, KeepsASymbolicLinkWhenItChanges) {
  const std::string link = folder / "link.key";
  ASSERT_TRUE(load_or_create_master_key(path));
  fs::create_symlink(path, link);
  const auto added = add_master_key(link);
  ASSERT_TRUE(added);
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(load_master_key(path)->current().id(), added->current().id());
}

TEST_F(MasterKey, IsTheSameForThreadsThatStartAtOnce) {
  for (int round = 0; round < 50; ++round) {
    fs::remove(path);
    std::array<SealingKey::Id, 8> ids{};
    {
      std::vector<std::jthread> threads;
      for (auto& id : ids)
        threads.emplace_back([&] { id = load_or_create_master_key(path)->current().id(); });
    }
    EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), 1U);
  }
}

/// A process that does `work` over and over, until it is killed.
class Worker {
 public:
  template <class Work>
  explicit Worker(Work work) : id_(::fork()) {
    if (id_ != 0) return;
    for (;;) work();
  }
  ~Worker() {
    ::kill(id_, SIGKILL);
    ::waitpid(id_, nullptr, 0);
  }

 private:
  pid_t id_;
};

TEST_F(MasterKey, IsWholeWheneverTheProcessThatMakesItIsKilled) {
  SeededRandom random(3);
  for (int round = 0; round < 100; ++round) {
    fs::remove(path);
    {
      const Worker first([&] { (void)load_or_create_master_key(path); });
      const Worker second([&] { (void)load_or_create_master_key(path); });
      std::this_thread::sleep_for(std::chrono::microseconds(random.below(3000)));
    }
    const auto loaded = load_or_create_master_key(path);
    ASSERT_TRUE(loaded) << loaded.error().context;
    EXPECT_EQ(load_master_key(path)->current().id(), loaded->current().id());
  }
}

TEST_F(MasterKey, RotationKeepsWhatIsInFrontAndDropsWhatIsBehind) {
  const auto first = load_or_create_master_key(path);
  const auto second = add_master_key(path);
  ASSERT_TRUE(second);
  ASSERT_EQ(second->keys().size(), 2U);
  EXPECT_EQ(second->keys()[1].id(), first->current().id());

  // Another rotation began before ours came to its end.
  const auto third = add_master_key(path);
  const auto left = drop_old_master_keys(path, second->current());
  ASSERT_TRUE(left);
  ASSERT_EQ(left->keys().size(), 2U);
  EXPECT_EQ(left->keys()[0].id(), third->current().id());
  EXPECT_EQ(left->keys()[1].id(), second->current().id());
  EXPECT_EQ(load_master_key(path)->keys().size(), 2U);

  // What is gone can't be dropped to.
  EXPECT_EQ(drop_old_master_keys(path, first->current()).error().code, Errc::not_found);
}

TEST_F(MasterKey, RotationEndedAnywhereLeavesEveryRowReadable) {
  // Rows as the store keeps them: replaced all at once.
  const auto rows = [](const Keyring& keyring) {
    std::vector<std::string> out;
    for (int i = 0; i < 20; ++i) out.push_back(keyring.seal("secret " + std::to_string(i), "row"));
    return out;
  };
  for (int ended_after = 0; ended_after <= 3; ++ended_after) {
    fs::remove(path);
    std::vector<std::string> stored = rows(*load_or_create_master_key(path));

    const auto rotate = [&](int steps) {
      if (steps < 1) return;
      const auto keyring = add_master_key(path);
      ASSERT_TRUE(keyring);
      if (steps < 2) return;
      std::vector<std::string> resealed;
      for (const std::string& row : stored) {
        ASSERT_TRUE(keyring->needs_reseal(row));
        resealed.push_back(keyring->seal(keyring->open(row, "row")->reveal(), "row"));
      }
      stored = resealed;
      if (steps < 3) return;
      ASSERT_TRUE(drop_old_master_keys(path, keyring->current()));
    };
    const auto all_readable = [&] {
      const auto keyring = load_master_key(path);
      for (std::size_t i = 0; i < stored.size(); ++i) {
        const auto opened = keyring->open(stored[i], "row");
        ASSERT_TRUE(opened);
        EXPECT_EQ(opened->reveal(), "secret " + std::to_string(i));
      }
    };
    rotate(ended_after);
    all_readable();
    rotate(3);  // done again from the start
    all_readable();
    EXPECT_EQ(load_master_key(path)->keys().size(), 1U) << ended_after;
  }
}

TEST_F(MasterKey, RotationKilledAtAnyInstantLosesNoKey) {
  SeededRandom random(11);
  const Keyring original = *load_or_create_master_key(path);
  const std::string row = original.seal("secret", "row");
  for (int round = 0; round < 100; ++round) {
    {
      const Worker worker([&] {
        (void)add_master_key(path);
        (void)drop_old_master_keys(
            path, original.current());  // which no step may drop: a row is sealed under it
      });
      std::this_thread::sleep_for(std::chrono::microseconds(random.below(4000)));
    }
    const auto loaded = load_master_key(path);
    ASSERT_TRUE(loaded) << loaded.error().context;
    EXPECT_EQ(loaded->open(row, "row")->reveal(), "secret");
    // Keep the file short, as a finished rotation would.
    put(write_master_key_text(Keyring({loaded->current(), original.current()})).reveal());
  }
}

TEST_F(MasterKey, GrowsByEveryKeyThatSeveralProcessesAddAtOnce) {
  ASSERT_TRUE(load_or_create_master_key(path));
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    children.push_back(::fork());
    if (children.back() == 0) {
      for (int k = 0; k < 10; ++k) {
        if (!add_master_key(path)) ::_exit(1);
      }
      ::_exit(0);
    }
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(load_master_key(path)->keys().size(), 41U);
}

TEST_F(MasterKey, RefusesMoreKeysThanItCouldReadAgain) {
  ASSERT_TRUE(load_or_create_master_key(path));
  std::vector<SealingKey> keys;
  for (int i = 0; i < 362; ++i) keys.push_back(SealingKey::generate());
  put(write_master_key_text(Keyring(keys)).reveal());
  while (load_master_key(path)->keys().size() < 400) {
    const auto added = add_master_key(path);
    if (!added) {
      EXPECT_NE(added.error().context.find("unfinished rotations"), std::string::npos);
      EXPECT_TRUE(load_master_key(path));
      return;
    }
  }
  FAIL() << "it took 400 keys";
}

}  // namespace
}  // namespace sluice
