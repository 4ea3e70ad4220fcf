#include "sim/answer.hpp"

#include <gtest/gtest.h>

#include "sim/text.hpp"

namespace sluice::sim {
namespace {

using Kind = Answer::Kind;
using Step = Answer::Step;
using Stop = Answer::Stop;

struct Told {
  std::vector<std::pair<Kind, std::string>> blocks;
  std::size_t deltas = 0;
  std::uint64_t output = 0;
  Stop stop = Stop::end_turn;
};

Told tell(Wish wish) {
  Answer answer(std::move(wish));
  Told told;
  std::string text;
  for (;;) {
    const Step step = answer.next(text);
    if (step == Step::end) break;
    if (step == Step::block_start) {
      EXPECT_EQ(answer.index(), told.blocks.size());
      told.blocks.emplace_back(answer.kind(), "");
    }
    if (step != Step::delta) continue;
    ++told.deltas;
    told.blocks.back().second += text;
  }
  told.output = answer.output();
  told.stop = answer.stop();
  EXPECT_GE(answer.output(), answer.first_output());
  return told;
}

TEST(Answer, HasAsManyDeltasAsAsked) {
  for (const std::uint32_t events : {0U, 1U, 2U, 50U, 5000U}) {
    EXPECT_EQ(tell({.seed = 1, .events = events, .thinking = false}).deltas, events);
    EXPECT_EQ(tell({.seed = 1, .events = events, .thinking = true}).deltas, events);
  }
}

TEST(Answer, IsTheSameForTheSameSeed) {
  EXPECT_EQ(tell({.seed = 5}).blocks, tell({.seed = 5}).blocks);
  EXPECT_NE(tell({.seed = 5}).blocks, tell({.seed = 6}).blocks);
}

TEST(Answer, NeverSaysMoreThanMaxTokens) {
  for (std::uint64_t max = 0; max < 40; ++max) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      Wish wish{.seed = seed, .max_tokens = max, .thinking = seed % 2 == 0};
      if (seed % 3 == 0) wish.tools = {{"look", R"({"place":"Ελλάδα"})"}};
      const Told told = tell(std::move(wish));
      EXPECT_LE(told.output, max) << "seed " << seed;
      if (told.stop == Stop::max_tokens) continue;
      EXPECT_EQ(told.stop, seed % 3 == 0 ? Stop::tool_use : Stop::end_turn);
    }
  }
}

TEST(Answer, FitsTheDeltasAskedForIntoJustAsManyTokens) {
  const Told fits = tell({.seed = 3, .events = 30, .max_tokens = 30});
  EXPECT_EQ(fits.deltas, 30U);
  EXPECT_EQ(fits.stop, Stop::end_turn);

  const Told cut = tell({.seed = 3, .events = 30, .max_tokens = 29});
  EXPECT_EQ(cut.deltas, 29U);
  EXPECT_EQ(cut.stop, Stop::max_tokens);
}

TEST(Answer, ThinksFirstAndCallsToolsLast) {
  const std::string input = R"({"place":"München","days":3})";

  const Told told = tell({.seed = 2, .thinking = true, .tools = {{"look", input}, {"look", "{}"}}});

  ASSERT_EQ(told.blocks.size(), 4U);
  EXPECT_EQ(told.blocks[0].first, Kind::thinking);
  EXPECT_EQ(told.blocks[1].first, Kind::text);
  EXPECT_EQ(told.blocks[2], (std::pair{Kind::tool, input}));
  EXPECT_EQ(told.blocks[3].second, "{}");
  EXPECT_EQ(told.stop, Stop::tool_use);
}

TEST(Answer, AToolsInputIsWholeOrNotThere) {
  const std::string input = R"({"words":"a long one, of more tokens than there are"})";
  for (std::uint64_t max = 1; max < 60; ++max) {
    const Told told =
        tell({.seed = 1, .max_tokens = max, .text = false, .tools = {{"look", input}}});
    if (!told.blocks.empty()) EXPECT_EQ(told.blocks[0].second, input) << max;
  }
}

TEST(Answer, EchoesCutBetweenCharacters) {
  const std::string text = "Grüße, 世界! 😀 Ελλάδα";
  Answer answer({.seed = 0, .echo = text});
  std::string piece;
  std::string all;
  for (Step step = answer.next(piece); step != Step::end; step = answer.next(piece)) {
    if (step != Step::delta) continue;
    if (!piece.empty()) EXPECT_NE(static_cast<unsigned char>(piece[0]) & 0xc0U, 0x80U);
    all += piece;
  }
  EXPECT_EQ(all, text);
}

TEST(Text, UsesUtf8OfEveryWidthAndWhatJsonMustEscape) {
  SeededRandom random(1);
  std::string text;
  for (int i = 0; i < 5000; ++i) append_token(random, text);
  bool width[5] = {};
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80)
      width[1] = true;
    else if (byte >= 0xf0)
      width[4] = true;
    else if (byte >= 0xe0)
      width[3] = true;
    else if (byte >= 0xc0)
      width[2] = true;
  }
  EXPECT_TRUE(width[1] && width[2] && width[3] && width[4]);
  for (const char c : {'"', '\\', '\n', '\t'}) EXPECT_NE(text.find(c), std::string::npos);
}

}  // namespace
}  // namespace sluice::sim
