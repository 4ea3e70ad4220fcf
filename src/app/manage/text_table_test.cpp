#include "app/manage/text_table.hpp"

#include <gtest/gtest.h>

#include <array>

namespace sluice::app::manage {
namespace {

TEST(TextTable, KnowsHowWideATextIsShown) {
  EXPECT_EQ(display_width(""), 0U);
  EXPECT_EQ(display_width("main"), 4U);
  EXPECT_EQ(display_width("主账号"), 6U);
  EXPECT_EQ(display_width("é"), 1U);
  EXPECT_EQ(display_width("e\u0301"), 1U);
  EXPECT_EQ(display_width("ｆｕｌｌ"), 8U);
  EXPECT_EQ(display_width("한국어"), 6U);
  EXPECT_EQ(display_width("\U0001f600"), 2U);
  EXPECT_EQ(display_width("a\xff"), 2U);
}

TEST(TextTable, CutsBetweenCharactersOnly) {
  EXPECT_EQ(cut_to_width("main", 4), "main");
  EXPECT_EQ(cut_to_width("anthropic", 5), "anth…");
  EXPECT_EQ(cut_to_width("主账号", 6), "主账号");
  EXPECT_EQ(cut_to_width("主账号", 5), "主账…");
  EXPECT_EQ(cut_to_width("主账号", 4), "主…");
  EXPECT_EQ(cut_to_width("主账号", 1), "…");
}

TEST(TextTable, NothingInItSteersTheTerminal) {
  EXPECT_EQ(printable("a\x1b[31mb"), "a\ufffd[31mb");
  EXPECT_EQ(printable("a\u009bb"), "a\ufffdb");
  EXPECT_EQ(printable("a\u202eb"), "a\ufffdb");
  EXPECT_EQ(printable("a\nb\tc"), "a b c");
  EXPECT_EQ(printable("a\xc3"), "a\ufffd");
  EXPECT_EQ(printable("主é"), "主é");
}

TEST(TextTable, AlignsColumnsByWhatIsShown) {
  constexpr std::array<std::string_view, 3> titles = {"NAME", "STATE", "NOTE"};
  EXPECT_EQ(table_text(titles, {{{"主账号"}, {"on"}, {"x"}}, {{"b"}, {"off"}, {""}}}, {}),
            "NAME    STATE  NOTE\n"
            "主账号  on     x\n"
            "b       off\n");
  EXPECT_EQ(table_text(titles, {}, {}), "");
}

TEST(TextTable, FitsTheTerminalByCuttingTheWidestColumns) {
  constexpr std::array<std::string_view, 2> titles = {"NAME", "MODELS"};
  const std::string text =
      table_text(titles, {{{"main"}, {std::string(100, 'x')}}}, {.columns = 30});
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    EXPECT_LE(display_width(std::string_view(text).substr(at, end - at)), 30U);
    at = end + 1;
  }
  EXPECT_NE(text.find("main  xxxx"), std::string::npos) << text;
}

TEST(TextTable, LeavesTheLastColumnsOutWhereThereIsNoRoom) {
  constexpr std::array<std::string_view, 3> titles = {"NAME", "STATE", "ID"};
  const std::string wide(30, 'x');
  EXPECT_EQ(table_text(titles, {{{"a"}, {wide}, {wide}}}, {.columns = 12}),
            "NAME  STATE\na     xxxxx…\n");
  EXPECT_EQ(table_text(titles, {{{wide}, {wide}, {wide}}}, {.columns = 3}), "NAME\nxxxxx…\n");
}

TEST(TextTable, ColoursOnlyWhereTheyAreWanted) {
  constexpr std::array<std::string_view, 1> titles = {"STATE"};
  const std::vector<std::vector<Cell>> rows = {{{"off", Tone::bad}}};
  EXPECT_EQ(table_text(titles, rows, {}).find('\x1b'), std::string::npos);
  EXPECT_NE(table_text(titles, rows, {.colours = true}).find("\x1b[31moff\x1b[0m"),
            std::string::npos);
}

TEST(TextTable, AListHasItsValuesInOneColumn) {
  EXPECT_EQ(list_text({{"id", {"1"}}, {"base_url", {"https://x"}}}, {}),
            "id:        1\nbase_url:  https://x\n");
}

}  // namespace
}  // namespace sluice::app::manage
