#include "wire/sse_lines.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace sluice::wire {
namespace {

/// Wants lines that begin with "data"; writes down what it is told.
struct Diary {
  std::vector<std::string> entries;

  SseLine begin_line(std::string_view prefix) {
    entries.push_back("begin " + std::string(prefix));
    return prefix.starts_with("data") ? SseLine::want : SseLine::skip;
  }
  void line(std::string_view line) { entries.push_back("line " + std::string(line)); }
  void oversized_line(std::string_view prefix) {
    entries.push_back("oversized " + std::string(prefix));
  }
  void event_end() { entries.push_back("end"); }
};

std::vector<std::string> walk(std::string_view stream, std::size_t read_bytes,
                              std::size_t line_bytes_max = 1024) {
  SseLines lines(line_bytes_max);
  Diary diary;
  for (; !stream.empty(); stream.remove_prefix(std::min(read_bytes, stream.size()))) {
    lines.feed(stream.substr(0, read_bytes), diary);
  }
  return diary.entries;
}

TEST(SseLines, ShowsEachLinesStartAndGivesTheWantedOnesWhole) {
  const std::vector<std::string> expected = {"begin event: ping", "begin data: {}", "line data: {}",
                                             "end"};
  EXPECT_EQ(walk("event: ping\ndata: {}\n\n", 1000), expected);
  EXPECT_EQ(walk("event: ping\r\ndata: {}\r\n\r\n", 1000), expected);
  EXPECT_EQ(walk("event: ping\rdata: {}\r\r", 1000), expected);
}

TEST(SseLines, GivesTheSameLinesHoweverTheStreamIsCut) {
  const std::string stream =
      "\xef\xbb\xbf"
      "event: a\r\ndata: 1\rdata: 2\n\r\n: " +
      std::string(200, 'c') + "\ndata: " + std::string(100, 'x') +
      "\r\n\r\n\n\rdata:" + std::string(300, 'y') + "\n\nid: 7";
  for (const std::size_t line_bytes_max :
       {std::size_t{40}, std::size_t{64}, std::size_t{106}, std::size_t{1024}}) {
    const auto expected = walk(stream, stream.size(), line_bytes_max);
    for (std::size_t read_bytes = 1; read_bytes < stream.size(); ++read_bytes) {
      auto entries = walk(stream, read_bytes, line_bytes_max);
      EXPECT_EQ(entries, expected) << "in reads of " << read_bytes;
    }
  }
}

TEST(SseLines, ShowsALinesStartBeforeItsEndIsThere) {
  SseLines lines(1024);
  Diary diary;
  const std::string start = "data: " + std::string(58, 'x');
  lines.feed(start.substr(0, 63), diary);
  EXPECT_TRUE(diary.entries.empty());
  lines.feed("x", diary);
  EXPECT_EQ(diary.entries, std::vector<std::string>{"begin " + start});
  lines.feed("yz\n", diary);
  EXPECT_EQ(diary.entries.back(), "line " + start + "yz");
}

TEST(SseLines, ReportsAnOversizedLineAndGoesOn) {
  const std::string stream = "data: " + std::string(5000, 'x') + "\ndata: b\n\n";
  const std::string prefix = stream.substr(0, 64);
  for (const std::size_t read_bytes : {std::size_t{10}, std::size_t{100}, std::size_t{10000}}) {
    EXPECT_EQ(walk(stream, read_bytes),
              (std::vector<std::string>{"begin " + prefix, "oversized " + prefix, "begin data: b",
                                        "line data: b", "end"}));
  }
}

TEST(SseLines, DropsOneByteOrderMarkAtTheStartOnly) {
  EXPECT_EQ(walk("\xef\xbb\xbf"
                 "data\n",
                 1)
                .front(),
            "begin data");
  EXPECT_EQ(walk("\xef\xbb"
                 "data\n",
                 1)
                .front(),
            "begin \xef\xbb"
            "data");
  EXPECT_EQ(walk("\n\xef\xbb\xbf"
                 "data\n",
                 1)
                .back(),
            "begin \xef\xbb\xbf"
            "data");
}

TEST(SseLines, KnowsTheBytesSinceTheLastEvent) {
  SseLines lines(1024);
  Diary diary;
  EXPECT_EQ(lines.pending_bytes(), 0u);
  lines.feed("data: a", diary);
  EXPECT_EQ(lines.pending_bytes(), 7u);
  lines.feed("\n", diary);
  EXPECT_EQ(lines.pending_bytes(), 8u);
  lines.feed("\r", diary);
  EXPECT_EQ(lines.pending_bytes(), 0u);
  lines.feed("\n", diary);
  EXPECT_EQ(lines.pending_bytes(), 0u);
  lines.feed(": p\n\nda", diary);
  EXPECT_EQ(lines.pending_bytes(), 2u);
}

TEST(SseLines, CountsALineFeedThatWasCutFromItsCarriageReturn) {
  SseLines lines(1024);
  Diary diary;
  lines.feed("event: a\r", diary);
  EXPECT_EQ(lines.pending_bytes(), 9u);
  lines.feed("\ndata", diary);
  EXPECT_EQ(lines.pending_bytes(), 14u);
}

}  // namespace
}  // namespace sluice::wire
