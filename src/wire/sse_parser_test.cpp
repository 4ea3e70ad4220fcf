#include "wire/sse_parser.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wire/testing.hpp"

namespace sluice::wire {

void PrintTo(const SseEvent& event, std::ostream* out) {
  *out << event.event << " | " << event.data << " | " << event.id;
}

namespace {

std::vector<SseEvent> drain(SseParser& parser) {
  std::vector<SseEvent> events;
  while (auto event = parser.next()) events.push_back(*std::move(event));
  return events;
}

std::vector<SseEvent> parse(std::string_view stream, std::size_t read_bytes = std::string::npos) {
  SseParser parser(1 << 20);
  while (!stream.empty()) {
    EXPECT_TRUE(parser.feed(stream.substr(0, read_bytes)));
    stream.remove_prefix(std::min(read_bytes, stream.size()));
  }
  return drain(parser);
}

TEST(SseParser, GivesTheSameEventsHoweverTheStreamIsCut) {
  const std::string stream = "event: delta\r\ndata: a\r\ndata: b\r\n\r\n: ping\n\ndata: c\n\n";
  const std::vector<SseEvent> expected = {{"delta", "a\nb", ""}, {"message", "c", ""}};
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    SseParser parser(1024);
    ASSERT_TRUE(parser.feed(stream.substr(0, cut)));
    ASSERT_TRUE(parser.feed(stream.substr(cut)));
    EXPECT_EQ(drain(parser), expected) << "cut after byte " << cut;
  }
}

TEST(SseParser, ReadsFieldsAsTheStandardSays) {
  using std::string_view_literals::operator""sv;
  const auto one = [](std::string_view stream) { return parse(stream); };
  using Events = std::vector<SseEvent>;
  EXPECT_EQ(one("data:a\n\n"), (Events{{"message", "a", ""}}));
  EXPECT_EQ(one("data:  a\n\n"), (Events{{"message", " a", ""}}));
  EXPECT_EQ(one("data\n\n"), (Events{{"message", "", ""}}));
  EXPECT_EQ(one("data\ndata\n\n"), (Events{{"message", "\n", ""}}));
  EXPECT_EQ(one("data: a:b\n\n"), (Events{{"message", "a:b", ""}}));
  EXPECT_EQ(one("Data: a\ndata : b\nfoo: c\n\n"), Events{});
  EXPECT_EQ(one("event: a\n\ndata: b\n\n"), (Events{{"message", "b", ""}}));
  EXPECT_EQ(one("event: a\nevent: b\ndata\n\n"), (Events{{"b", "", ""}}));
  EXPECT_EQ(one("id: 1\ndata\n\ndata\n\nid\ndata\n\n"),
            (Events{{"message", "", "1"}, {"message", "", "1"}, {"message", "", ""}}));
  EXPECT_EQ(one("id: a\0b\ndata\n\n"sv), (Events{{"message", "", ""}}));
  EXPECT_EQ(one("retry: 10\ndata: a\x0b\x0c\xe2\x80\xa8\n\n"),
            (Events{{"message", "a\x0b\x0c\xe2\x80\xa8", ""}}));
}

TEST(SseParser, DiscardsAnEventWithoutItsEmptyLine) {
  EXPECT_TRUE(parse("data: a\n").empty());
  EXPECT_TRUE(parse("data: a\n\r").size() == 1);
}

TEST(SseParser, RefusesAnEventPastTheLimitAtEverySplit) {
  const std::string line(60, 'x');
  for (const auto& stream :
       {"data: " + line + line + "\n\n", "data: " + line + "\ndata: " + line + "\n\n",
        "event: " + line + "\nid: " + line + "\n\n"}) {
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
      SseParser parser(100);
      const bool taken = parser.feed(stream.substr(0, cut)) && parser.feed(stream.substr(cut));
      EXPECT_FALSE(taken) << cut;
      const auto status = parser.feed("\n");
      ASSERT_FALSE(status);
      EXPECT_EQ(status.error().code, Errc::upstream_invalid);
    }
  }
}

TEST(SseParser, TakesCommentsAndUnknownFieldsOfAnyLength) {
  const std::string large(100000, 'x');
  SseParser parser(100);
  EXPECT_TRUE(parser.feed(": " + large));
  EXPECT_TRUE(parser.feed(large + "\nunknown: " + large + "\ndata: a\n\n"));
  EXPECT_EQ(drain(parser), (std::vector<SseEvent>{{"message", "a", ""}}));
}

void expect_at_every_split(const std::string& name, const std::string& stream,
                           const std::vector<SseEvent>& expected) {
  EXPECT_EQ(parse(stream), expected) << name;
  EXPECT_EQ(parse(stream, 1), expected) << name << " by bytes";
  for (std::size_t cut = 1; cut < stream.size(); ++cut) {
    SseParser parser(1 << 20);
    ASSERT_TRUE(parser.feed(std::string_view(stream).substr(0, cut)));
    ASSERT_TRUE(parser.feed(std::string_view(stream).substr(cut)));
    ASSERT_EQ(drain(parser), expected) << name << " cut after byte " << cut;
  }
}

// Some cases don't say what the id is; then ours counts.
std::vector<SseEvent> events_of(const boost::json::value& test, const std::vector<SseEvent>& ours) {
  std::vector<SseEvent> events;
  for (const auto& event : test.at("events").as_array()) {
    const auto index = events.size();
    auto id = event.as_object().contains("id")
                  ? testing::text_of(event, "id")
                  : (index < ours.size() ? ours[index].id : std::string());
    events.push_back(
        {testing::text_of(event, "event"), testing::text_of(event, "data"), std::move(id)});
  }
  return events;
}

TEST(SseParser, AgreesWithTheSuiteOfEventStreams) {
  SLUICE_SHARED_OR_SKIP(path, "suites/sse/cases.json");
  const auto suite = boost::json::parse(testing::read_file(path));
  for (const auto& test : suite.at("cases").as_array()) {
    const auto stream = testing::decode_base64(testing::text_of(test, "input_b64"));
    expect_at_every_split(testing::text_of(test, "name"), stream, events_of(test, parse(stream)));
  }
  EXPECT_EQ(suite.at("cases").as_array().size(), 36u);
}

TEST(SseParser, AgreesWithTheGoldenVectors) {
  SLUICE_SHARED_OR_SKIP(path, "golden/sse/vectors.json");
  const auto suite = boost::json::parse(testing::read_file(path));
  for (const auto& test : suite.as_array()) {
    std::string stream;
    SseParser parser(1 << 20);
    for (const auto& chunk : test.at("chunks_base64").as_array()) {
      const auto bytes = testing::decode_base64(std::string(chunk.as_string()));
      ASSERT_TRUE(parser.feed(bytes));
      stream += bytes;
    }
    const auto expected = events_of(test, {});
    EXPECT_EQ(drain(parser), expected) << testing::text_of(test, "name");
    expect_at_every_split(testing::text_of(test, "name"), stream, expected);
  }
  EXPECT_EQ(suite.as_array().size(), 31u);
}

}  // namespace
}  // namespace sluice::wire
