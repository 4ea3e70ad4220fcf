/// docs/configuration.md says what the table says.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "app/config_schema.hpp"
#include "provider/providers.hpp"

namespace sluice::app {
namespace {

std::string reference() {
  std::ifstream file(SLUICE_SOURCE_DIR "/docs/configuration.md");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(ConfigReference, HasARowForEachSetting) {
  const std::string text = reference();
  for (const KeySpec& key : config_keys()) {
    const std::string row =
        fmt::format("| `{}` | `{}` | {} |\n", key.name, render(key, Config{}), key.help);
    const auto section = text.find(fmt::format("### [{}]\n", key.section));
    ASSERT_NE(section, std::string::npos) << key.section;
    const auto end = text.find("\n#", section + 1);
    EXPECT_NE(text.substr(section, end - section).find(row), std::string::npos)
        << "docs/configuration.md lacks in [" << key.section << "]\n"
        << row;
  }
}

TEST(ConfigReference, NamesEachProviderAndDialect) {
  const std::string text = reference();
  for (const provider::ProviderSpec& provider : provider::providers()) {
    EXPECT_NE(text.find(fmt::format("`{}`", provider.name)), std::string::npos) << provider.name;
  }
  for (const std::string_view dialect : provider::dialect_names()) {
    EXPECT_NE(text.find(fmt::format("`{}`", dialect)), std::string::npos) << dialect;
  }
}

}  // namespace
}  // namespace sluice::app
