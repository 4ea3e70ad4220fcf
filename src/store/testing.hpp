#pragma once
/// What tests of the store share. A test on both engines is a TEST_P of `OnBothEngines`: it has a store of its own, that is new.
/// Where PostgreSQL isn't installed those on it are skipped; with CI=true they fail.

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "store/database.hpp"
#include "store/objects.hpp"

namespace sluice::store::testing {

class Folder {
 public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();
  [[nodiscard]] std::string path(const std::string& name = "") const {
    return name.empty() ? path_ : path_ + "/" + name;
  }

 private:
  std::string path_;
};

/// The PostgreSQL server of this program's tests, started when it is first wanted (tests/lib/postgres.sh).
class Server {
 public:
  /// Null where PostgreSQL isn't installed.
  static Server* get();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  [[nodiscard]] Secret url(const std::string& database) const;
  /// Makes a new, empty database. Gives its name.
  [[nodiscard]] std::string add_database();
  void run_sql(const std::string& sql) const;
  void stop();
  void start();

 private:
  friend class ServerEnd;
  Server() = default;
  Folder folder_;
  pid_t process_ = -1;
  int databases_ = 0;
};

class OnBothEngines : public ::testing::TestWithParam<Engine> {
 protected:
  void SetUp() override;
  [[nodiscard]] std::unique_ptr<Database> open() const;
  /// Another new store.
  [[nodiscard]] DatabaseOptions another_store();

  DatabaseOptions options_;
  Folder folder_;
};

std::string engine_name(const ::testing::TestParamInfo<Engine>& info);

#define SLUICE_ON_BOTH_ENGINES(suite)                                                          \
  INSTANTIATE_TEST_SUITE_P(                                                                    \
      , suite,                                                                                 \
      ::testing::Values(::sluice::store::Engine::sqlite, ::sluice::store::Engine::postgresql), \
      ::sluice::store::testing::engine_name)

inline const WallTime noon{std::chrono::seconds(1'750'000'000)};

[[nodiscard]] Object object(std::string id, std::string name);

/// The value; a failed test where there is none.
template <class T>
T value_of(Result<T> result) {
  if (!result) {
    throw std::runtime_error(std::string(to_string(result.error().code)) + ": " +
                             result.error().context);
  }
  return std::move(*result);
}

/// Keeps what `work` did, whatever it gives.
template <class Work>
auto write(Database& database, Work work) {
  using T = decltype(work(std::declval<Transaction&>()));
  return value_of(database.write<T>([&](Transaction& transaction) -> Result<T> {
    return Result<T>(std::in_place, work(transaction));
  }));
}
template <class Work>
auto read(Database& database, Work work) {
  using T = decltype(work(std::declval<Transaction&>()));
  return value_of(database.read<T>([&](Transaction& transaction) -> Result<T> {
    return Result<T>(std::in_place, work(transaction));
  }));
}

}  // namespace sluice::store::testing
