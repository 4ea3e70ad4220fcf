/// docs/cli.md says what the command line offers.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

#include "app/cli.hpp"

namespace sluice::app {
namespace {

constexpr std::array all = {Verb::serve, Verb::demo,     Verb::manage,
                            Verb::check, Verb::simulate, Verb::version};
constexpr std::array<std::string_view, 4> common = {"--help", "--config", "--data", "--json"};

std::string cell(std::string text) {
  for (auto at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2))
    text.insert(at, "\\");
  return text;
}

/// The whole reference, as it is to stand below "## Commands".
std::string reference() {
  std::string out;
  for (const OfferedCommand& command : offered_commands(all)) {
    const bool group = !command.commands.empty() && command.argument.empty();
    if (command.path.empty() || group) continue;
    out += fmt::format("### sluice {}{}{}\n\n{}.\n\n", command.path,
                       command.argument.empty() ? "" : " ", command.argument, command.help);
    std::string rows;
    for (const OfferedFlag& flag : command.flags) {
      const std::string& name = flag.names.back();
      if (std::find(common.begin(), common.end(), name) != common.end()) continue;
      rows +=
          fmt::format("| `{}{}{}` | {} |\n", cell(fmt::format("{}", fmt::join(flag.names, ", "))),
                      flag.value.empty() ? "" : " ", cell(flag.value), cell(flag.help));
    }
    if (!rows.empty()) out += "| flag | |\n| --- | --- |\n" + rows + "\n";
    for (std::size_t at = 0; at < command.footer.size();) {
      const auto end = std::min(command.footer.find('\n', at), command.footer.size());
      const std::string line = command.footer.substr(at, end - at);
      if (line.starts_with("  sluice ")) out += "  " + line + "\n\n";
      at = end + 1;
    }
  }
  return out;
}

TEST(CliReference, IsWhatTheCommandLineOffers) {
  std::ifstream file(SLUICE_SOURCE_DIR "/docs/cli.md");
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  constexpr std::string_view begin = "## Commands\n\n";
  const auto at = text.find(begin);
  ASSERT_NE(at, std::string::npos);
  const std::string expected = reference();
  if (text.substr(at + begin.size()) == expected) return;
  const std::string path = testing::TempDir() + "sluice_cli_commands.md";
  std::ofstream(path) << expected;
  FAIL() << "docs/cli.md differs from the command line; what belongs below \"## Commands\" is in "
         << path;
}

}  // namespace
}  // namespace sluice::app
