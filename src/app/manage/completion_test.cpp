#include "app/manage/completion.hpp"

#include <gtest/gtest.h>

namespace sluice::app::manage {
namespace {

bool has(std::string_view script, std::string_view part) {
  return script.find(part) != std::string_view::npos;
}

TEST(Completion, HoldsCommandsFlagsChoicesAndWhereNamesComeFrom) {
  for (const std::string_view shell : {"bash", "zsh"}) {
    const std::string script = completion_script(shell);
    EXPECT_TRUE(
        has(script, "'key') echo 'create list show set rotate revoke enable remove restore'"));
    EXPECT_TRUE(has(script, "'account add|--provider') echo 'anthropic "));
    EXPECT_TRUE(has(script, "'key show|') echo '@key'"));
    EXPECT_TRUE(has(script, "'key create|--pool') echo '@pool'"));
    EXPECT_TRUE(has(script, "'backup|') echo '@file'"));
    EXPECT_TRUE(has(script, "'serve|--log-level') echo 'trace debug"));
    EXPECT_TRUE(has(script, "'completion|') echo 'bash zsh'"));
  }
}

}  // namespace
}  // namespace sluice::app::manage
