#include "sim/golden.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace sluice::sim {
namespace {

namespace fs = std::filesystem;

/// A folder of recordings that the test writes itself.
class GoldenSetTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = fs::temp_directory_path() / ("sluice-golden-" + std::to_string(::getpid()));
    fs::create_directories(directory_ / "anthropic");
  }
  void TearDown() override { fs::remove_all(directory_); }

  void write(const std::string& name, std::string_view bytes) {
    std::ofstream(directory_ / name, std::ios::binary) << bytes;
  }

  fs::path directory_;
};

std::vector<std::string> events_of(EventSource& source) {
  std::vector<std::string> events;
  std::string event;
  while (source.next(event)) {
    events.push_back(event);
    event.clear();
  }
  return events;
}

TEST_F(GoldenSetTest, GivesAStreamEventByEventAsRecorded) {
  write(
      "anthropic/a.meta.json",
      R"({"status":200,"model":"m","usage_normalised":{"input_uncached":3,"cache_read":5,"cache_write":7,)"
      R"("cache_write_1h":2,"output_total":11}})");
  write("anthropic/a.response.sse", "event: a\ndata: 1\n\nevent: b\r\ndata: 2\r\n\r\n: rest");

  const auto set = GoldenSet::load(directory_);
  ASSERT_TRUE(set) << set.error().context;
  const Reply reply = set->replay("anthropic/a");

  ASSERT_TRUE(reply.events);
  EXPECT_EQ(reply.content_type, "text/event-stream; charset=utf-8");
  EXPECT_EQ(reply.events->claim(), Claim{});
  EXPECT_EQ(
      events_of(*reply.events),
      (std::vector<std::string>{"event: a\ndata: 1\n\n", "event: b\r\ndata: 2\r\n\r\n", ": rest"}));
  const Claim claim{.model = "m",
                    .input = 3,
                    .output = 11,
                    .cache_read = 5,
                    .cache_write_5m = 5,
                    .cache_write_1h = 2};
  EXPECT_EQ(reply.events->claim(), claim);
}

TEST_F(GoldenSetTest, GivesABodyWithItsStatusAndType) {
  write(
      "anthropic/no.meta.json",
      R"({"status":529,"response_headers":{"content-type":"text/html"},"usage_normalised":null})");
  write("anthropic/no.response.json", "<p>busy");

  const auto set = GoldenSet::load(directory_);
  ASSERT_TRUE(set);
  const Reply reply = set->replay("anthropic/no");

  EXPECT_EQ(reply.status, 529);
  EXPECT_EQ(reply.content_type, "text/html");
  EXPECT_EQ(reply.body, "<p>busy");
  EXPECT_FALSE(reply.claim);
}

TEST_F(GoldenSetTest, NamesWhatIsNearToAnUnknownName) {
  for (const char* name : {"tool-stream", "refusal"}) {
    write(std::string("anthropic/") + name + ".meta.json", "{}");
    write(std::string("anthropic/") + name + ".response.sse", "data: 1\n\n");
  }
  write("anthropic/request-only.meta.json", "{}");

  const auto set = GoldenSet::load(directory_);
  ASSERT_TRUE(set);

  EXPECT_EQ(set->size(), 2U);
  EXPECT_EQ(set->replay("anthropic/tool-streem").status, 0);
  EXPECT_TRUE(set->near("anthropic/tool-streem").starts_with("anthropic/tool-stream"));
}

TEST_F(GoldenSetTest, RefusesWhatCantBeRead) {
  const auto missing = GoldenSet::load(directory_ / "none");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().context.find("none"), std::string::npos);

  write("anthropic/bad.meta.json", "[]");
  write("anthropic/bad.response.sse", "");
  const auto bad = GoldenSet::load(directory_);
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().context.find("bad.meta.json"), std::string::npos);
}

/// The recordings themselves, where they are.
TEST(GoldenRecordings, AreAllReplayedByteForByte) {
  const char* told = std::getenv("SLUICE_SHARED");
  const fs::path directory =
      (told != nullptr ? fs::path(told) : fs::path(SLUICE_SOURCE_DIR) / ".." / "shared") / "golden";
  if (!fs::exists(directory)) {
    const char* ci = std::getenv("CI");
    ASSERT_FALSE(ci != nullptr && std::string_view(ci) == "true") << directory << " is missing";
    GTEST_SKIP() << directory << " is missing";
  }

  const auto set = GoldenSet::load(directory);
  ASSERT_TRUE(set) << set.error().context;

  std::size_t seen = 0;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    const std::string file = entry.path().filename().string();
    const auto response = file.find(".response.");
    if (response == std::string::npos) continue;
    const fs::path name =
        entry.path().parent_path().lexically_relative(directory) / file.substr(0, response);
    const Reply reply = set->replay(name.generic_string());
    ASSERT_NE(reply.status, 0) << name;
    std::string bytes = reply.body;
    if (reply.events) {
      for (const std::string& event : events_of(*reply.events)) bytes += event;
    }
    std::ifstream recorded(entry.path(), std::ios::binary);
    EXPECT_EQ(bytes, std::string(std::istreambuf_iterator<char>(recorded), {})) << name;
    ++seen;
  }
  EXPECT_EQ(set->size(), seen);
}

}  // namespace
}  // namespace sluice::sim
