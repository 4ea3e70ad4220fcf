#include "app/version.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace sluice::app {
namespace {

TEST(Version, NamesItselfItsCompilerAndItsLibraries) {
  const std::string text = version_text(version_info());
  for (const char* word : {"sluice ", "clang ", "openssl 3.", "simdjson ", "zlib ", "brotli ",
                           "zstd ", "toml++ ", "fmt ", "spdlog "}) {
    EXPECT_NE(text.find(word), std::string::npos) << word << "\n" << text;
  }
}

TEST(Version, AsJsonHasStableKeys) {
  const auto json = boost::json::parse(version_json(version_info())).as_object();
  for (const char* key : {"version", "commit", "compiler", "libraries"})
    EXPECT_TRUE(json.contains(key));
  EXPECT_TRUE(json.at("libraries").as_object().contains("openssl"));
}

}  // namespace
}  // namespace sluice::app
