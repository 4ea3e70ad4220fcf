#pragma once
/// Recorded data for tests, when it is there.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>

namespace sluice::shared_data {

inline std::filesystem::path root() {
  if (const char* told = std::getenv("SLUICE_SHARED")) return told;
  return std::filesystem::path(SLUICE_SOURCE_DIR).parent_path() / "shared";
}

}  // namespace sluice::shared_data

/// Binds `path` to recorded data; without it, skips the test by name, and fails where CI promises
/// to have the data.
#define SLUICE_SHARED_OR_SKIP(path, relative)                                          \
  const auto path = ::sluice::shared_data::root() / (relative);                        \
  if (!std::filesystem::exists(path)) {                                                \
    const char* ci = std::getenv("CI");                                                \
    if (ci != nullptr && std::string_view(ci) == "true") FAIL() << "missing " << path; \
    GTEST_SKIP() << "missing " << path;                                                \
  }                                                                                    \
  static_cast<void>(0)
