#pragma once
/// What tests of the store share: a folder for each test, a new store on the engine that the test runs on, and objects.

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "store/database.hpp"
#include "store/objects.hpp"

namespace sluice::store::testing {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "sluice-store-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string path(const std::string& name = "") const {
    return name.empty() ? path_ : path_ + "/" + name;
  }

 private:
  std::string path_;
};

inline const WallTime noon{std::chrono::seconds(1'750'000'000)};

inline Object object(std::string id, std::string name) {
  Object out;
  out.id = std::move(id);
  out.name = std::move(name);
  out.document = R"({"note":"as it was"})";
  out.created = noon;
  out.updated = noon;
  return out;
}

/// The value, or a failed test and the end of the program.
template <class T>
T value_of(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << to_string(result.error().code) << ": " << result.error().context;
    std::abort();
  }
  return std::move(*result);
}

template <class Work>
auto write(Database& database, Work work) {
  using T = decltype(work(std::declval<Transaction&>()));
  return value_of(
      database.write<T>([&](Transaction& transaction) -> Result<T> { return work(transaction); }));
}
template <class Work>
auto read(Database& database, Work work) {
  using T = decltype(work(std::declval<Transaction&>()));
  return value_of(
      database.read<T>([&](Transaction& transaction) -> Result<T> { return work(transaction); }));
}

}  // namespace sluice::store::testing
