// Recorded exchanges, read whole and at every split.

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "dialect/anthropic/anthropic.hpp"
#include "dialect/anthropic/errors.hpp"
#include "dialect/anthropic/testing.hpp"
#include "wire/testing.hpp"

namespace sluice::dialect::anthropic {
namespace {

namespace fs = std::filesystem;
using boost::json::object;
using boost::json::value;
using testing::feed_in_pieces;
using testing::read_fully;

const Anthropic dialect;

struct Recording {
  std::string name;
  object meta;
  std::string sse;   // one of the two
  std::string json;  // is there
  std::string request;
};

std::vector<Recording> recordings(const fs::path& folder, std::string_view prefix) {
  constexpr std::string_view suffix = ".meta.json";
  std::vector<Recording> all;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string file = entry.path().filename();
    if (!file.starts_with(prefix) || !file.ends_with(suffix)) continue;
    Recording recording;
    recording.name = file.substr(0, file.size() - suffix.size());
    const auto beside = [&](const char* ending) {
      return wire::testing::read_file(folder / (recording.name + ending));
    };
    recording.meta = boost::json::parse(beside(".meta.json")).as_object();
    recording.sse = beside(".response.sse");
    recording.json = beside(".response.json");
    recording.request = beside(".request.json");
    all.push_back(std::move(recording));
  }
  std::ranges::sort(all, {}, &Recording::name);
  return all;
}

std::int64_t count(const object& figures, std::string_view name) {
  return figures.at(name).to_number<std::int64_t>();
}

/// `usage` is what meta.json says: the sum over iterations where there is one.
void expect_usage(const meter::Usage& usage, const object& meta) {
  const auto& normalised = meta.at("usage_normalised").as_object();
  const auto* sum = normalised.if_contains("sum_over_iterations");
  const auto& billed = sum ? sum->as_object() : normalised;
  EXPECT_EQ(usage.tokens.input, Tokens(count(billed, "input_uncached")));
  EXPECT_EQ(usage.tokens.cache_read, Tokens(count(billed, "cache_read")));
  EXPECT_EQ(usage.tokens.cache_write(), Tokens(count(billed, "cache_write")));
  EXPECT_EQ(usage.tokens.output, Tokens(count(billed, "output_total")));
  const auto& reasoning = normalised.at("reasoning");
  EXPECT_EQ(usage.reasoning.has_value(), !reasoning.is_null());
  if (usage.reasoning) EXPECT_EQ(usage.reasoning->count(), reasoning.to_number<std::int64_t>());
  const auto* one_hour = normalised.if_contains("cache_write_1h");
  if (one_hour && !sum)
    EXPECT_EQ(usage.tokens.cache_write_1h, Tokens(one_hour->to_number<std::int64_t>()));

  const auto& raw = meta.at("usage_as_recorded").as_object();
  const auto word = [&](const char* name) {
    const auto* text = raw.if_contains(name);
    return text && text->is_string() ? std::string(text->as_string()) : std::string();
  };
  EXPECT_EQ(usage.service_tier.str(), word("service_tier"));
  EXPECT_EQ(usage.inference_geo.str(), word("inference_geo"));
  std::int64_t calls = 0;
  for (const auto& tool : usage.server_tool_calls) calls += tool.calls;
  std::int64_t calls_told = 0;
  if (const auto* tools = raw.if_contains("server_tool_use"); tools && tools->is_object()) {
    for (const auto& tool : tools->as_object())
      calls_told += tool.value().to_number<std::int64_t>();
  }
  EXPECT_EQ(calls, calls_told);
  EXPECT_EQ(usage.confidence, meter::Confidence::exact);
  EXPECT_FALSE(usage.quarantined);
}

TEST(GoldenAnthropic, EveryStreamGivesItsUsageEventsAndStopReason) {
  SLUICE_SHARED_OR_SKIP(folder, "golden/anthropic");
  int streams = 0;
  int containers = 0;
  for (const auto& recording : recordings(folder, "")) {
    if (recording.sse.empty()) continue;
    SCOPED_TRACE(recording.name);
    ++streams;
    const auto full = read_fully(recording.sse);
    expect_usage(full.usage, recording.meta);
    const auto& expect = recording.meta.at("expect").as_object();
    EXPECT_EQ(full.stop_reason, std::string_view(expect.at("stop").as_string()));
    for (const auto& event : expect.at("events").as_object()) {
      const std::string type(event.key());
      EXPECT_EQ(full.counts.contains(type) ? full.counts.at(type) : 0,
                event.value().to_number<std::int64_t>())
          << type;
    }
    AnthropicTap tap;
    tap.feed(recording.sse);
    EXPECT_EQ(tap.usage(), full.usage);
    EXPECT_EQ(tap.events(), full.event_count);
    EXPECT_EQ(tap.phase(), StreamPhase::complete);
    EXPECT_EQ(tap.pending(), 0U);
    const bool has_container =
        recording.sse.find(R"("container":{"id":"container_)") != std::string::npos;
    EXPECT_EQ(tap.resource().starts_with("container_"), has_container);
    if (has_container) ++containers;
  }
  EXPECT_GT(streams, 15);
  EXPECT_GT(containers, 2);
}

/// All sizes for a smaller stream; for a large one the first 64 and a spread.
std::vector<std::size_t> piece_sizes(std::size_t size) {
  std::vector<std::size_t> sizes;
  const std::size_t every = size <= 65'536 ? std::min<std::size_t>(size, 4'096) : 64;
  for (std::size_t piece = 1; piece <= every; ++piece) sizes.push_back(piece);
  for (std::size_t piece = every + 1; piece < size; piece += piece / 7 + 1) sizes.push_back(piece);
  return sizes;
}

TEST(GoldenAnthropic, EveryStreamGivesTheSameAtEverySplit) {
  SLUICE_SHARED_OR_SKIP(folder, "golden");
  auto all = recordings(folder / "anthropic", "");
  for (auto& more : recordings(folder / "errors-documented", "anthropic-"))
    all.push_back(std::move(more));
  for (const auto& recording : all) {
    if (recording.sse.empty()) continue;
    AnthropicTap whole;
    whole.feed(recording.sse);
    const auto usage = whole.usage();
    for (const auto piece : piece_sizes(recording.sse.size())) {
      AnthropicTap tap;
      feed_in_pieces(tap, recording.sse, piece);
      ASSERT_EQ(tap.usage(), usage) << recording.name << " in pieces of " << piece;
      ASSERT_EQ(tap.events(), whole.events()) << recording.name << " in pieces of " << piece;
      ASSERT_EQ(tap.phase(), whole.phase()) << recording.name << " in pieces of " << piece;
      ASSERT_EQ(tap.resource(), whole.resource()) << recording.name << " in pieces of " << piece;
      ASSERT_EQ(tap.pending(), whole.pending()) << recording.name << " in pieces of " << piece;
    }
  }
}

TEST(GoldenAnthropic, AStreamCutAnywhereIsNeverCompleteAndNeverExactBeforeItsEnd) {
  SLUICE_SHARED_OR_SKIP(folder, "golden/anthropic");
  for (const auto& recording : recordings(folder, "")) {
    if (recording.sse.empty()) continue;
    SCOPED_TRACE(recording.name);
    const auto told = recording.sse.find("event: message_delta");
    const auto stop = recording.sse.find("event: message_stop");
    ASSERT_NE(told, std::string::npos);
    ASSERT_NE(stop, std::string::npos);
    constexpr std::size_t step = 101;
    AnthropicTap tap;
    const auto stream = std::string_view(recording.sse).substr(0, stop);
    for (std::size_t at = 0; at < stream.size(); at += step) {
      tap.feed(stream.substr(at, step));
      ASSERT_NE(tap.phase(), StreamPhase::complete);
      if (at + step <= told) ASSERT_NE(tap.usage().confidence, meter::Confidence::exact);
    }
    EXPECT_EQ(tap.phase(), StreamPhase::content);
  }
}

TEST(GoldenAnthropic, EveryBodyGivesItsUsageOrItsError) {
  SLUICE_SHARED_OR_SKIP(folder, "golden/anthropic");
  int bodies = 0;
  for (const auto& recording : recordings(folder, "")) {
    if (recording.json.empty()) continue;
    SCOPED_TRACE(recording.name);
    ++bodies;
    const auto usage = dialect.usage_of_body(recording.json);
    const auto status = recording.meta.at("status").to_number<int>();
    EXPECT_EQ(dialect.is_error_body(recording.json), status >= 400);
    if (recording.meta.at("usage_normalised").is_null()) {
      EXPECT_FALSE(usage);
      if (status >= 400) {
        const auto error = dialect.read_error(status, recording.json);
        EXPECT_EQ(http_equivalent(error.type), status);
        EXPECT_FALSE(error.message.empty());
      }
    } else {
      ASSERT_TRUE(usage);
      expect_usage(*usage, recording.meta);
      EXPECT_EQ(usage->model,
                std::string_view(recording.meta.at("expect").at("model").as_string()));
    }
  }
  EXPECT_GT(bodies, 12);
}

TEST(GoldenAnthropic, EveryRequestIsRead) {
  SLUICE_SHARED_OR_SKIP(folder, "golden/anthropic");
  for (const auto& recording : recordings(folder, "")) {
    if (recording.request.empty()) continue;
    const auto facts = dialect.read_request(recording.request);
    ASSERT_TRUE(facts) << recording.name << ": " << facts.error().context;
    const auto body = boost::json::parse(recording.request).as_object();
    EXPECT_EQ(facts->model, std::string_view(body.at("model").as_string()));
    EXPECT_EQ(recording.request.substr(facts->model_offset, facts->model_length),
              "\"" + facts->model + "\"");
    const auto* stream = body.if_contains("stream");
    EXPECT_EQ(facts->stream, stream && stream->as_bool());
  }
}

/// As a client would send it without markers.
void drop_markers(value& json) {
  if (auto* array = json.if_array()) {
    for (value& element : *array) drop_markers(element);
  } else if (auto* members = json.if_object()) {
    members->stable_erase("cache_control");
    for (auto& member : *members) drop_markers(member.value());
  }
}

TEST(GoldenAnthropic, EveryRequestHasAConversationThatMarkersDoNotChange) {
  SLUICE_SHARED_OR_SKIP(folder, "golden/anthropic");
  for (const auto& recording : recordings(folder, "")) {
    if (recording.request.empty()) continue;
    SCOPED_TRACE(recording.name);
    value body = boost::json::parse(recording.request);
    const auto marked = dialect.read_conversation(boost::json::serialize(body));
    const object& members = body.as_object();
    const std::size_t places = (members.contains("tools") ? 1U : 0U) +
                               (members.contains("system") ? 1U : 0U) +
                               members.at("messages").as_array().size();
    EXPECT_EQ(marked.prefix_count, std::min(places, Conversation::prefixes_max));
    EXPECT_NE(marked.opening, 0U);
    const bool has_markers = recording.request.find("\"cache_control\"") != std::string::npos;
    EXPECT_EQ(std::any_of(marked.prefixes.begin(), marked.prefixes.end(),
                          [](const meter::PromptPrefix& prefix) {
                            return prefix.life != meter::CacheLife::none;
                          }),
              has_markers);
    drop_markers(body);
    const auto plain = dialect.read_conversation(boost::json::serialize(body));
    EXPECT_EQ(plain.opening, marked.opening);
    ASSERT_EQ(plain.prefix_count, marked.prefix_count);
    for (std::size_t i = 0; i < plain.prefix_count; ++i) {
      EXPECT_EQ(plain.prefixes[i].hash, marked.prefixes[i].hash);
      EXPECT_EQ(plain.prefixes[i].bytes, marked.prefixes[i].bytes);
    }
    if (const auto stripped = dialect.without_signatures(recording.request)) {
      ASSERT_TRUE(dialect.read_request(*stripped));
      EXPECT_FALSE(dialect.read_conversation(*stripped).has_signatures);
    } else {
      EXPECT_FALSE(marked.has_signatures);
    }
  }
}

TEST(GoldenAnthropic, EveryDocumentedErrorIsRead) {
  SLUICE_SHARED_OR_SKIP(folder, "golden/errors-documented");
  for (const auto& recording : recordings(folder, "anthropic-")) {
    SCOPED_TRACE(recording.name);
    const auto& expect = recording.meta.at("expect").as_object();
    if (recording.sse.empty()) {
      const auto status = recording.meta.at("status").to_number<int>();
      const auto error = dialect.read_error(status, recording.json);
      const auto& told = expect.at("error").at("error").as_object();
      EXPECT_TRUE(dialect.is_error_body(recording.json));
      EXPECT_EQ(error.type, std::string_view(told.at("type").as_string()));
      EXPECT_EQ(error.type, error_type(status));
      EXPECT_EQ(error.message, std::string_view(told.at("message").as_string()));
      if (const auto* details = told.if_contains("details")) {
        EXPECT_EQ(error.code, std::string_view(details->at("error_code").as_string()));
      }
      continue;
    }
    AnthropicTap tap;
    tap.feed(recording.sse);
    EXPECT_EQ(read_fully(recording.sse).text, std::string_view(expect.at("text").as_string()));
    const bool failed = expect.at("terminal").as_string() == "error";
    EXPECT_EQ(tap.phase(), failed ? StreamPhase::failed : StreamPhase::content);
    if (const auto* seen = expect.if_contains("usage_seen")) {
      EXPECT_EQ(tap.usage().tokens.input, Tokens(count(seen->as_object(), "input_tokens")));
      EXPECT_EQ(tap.usage().tokens.output, Tokens(2));  // "Partial"
      EXPECT_EQ(tap.usage().confidence, meter::Confidence::partial);
    }
    if (failed) {
      ASSERT_TRUE(tap.error());
      EXPECT_EQ(tap.error()->http_equivalent, expect.at("http_equivalent").to_number<int>());
      EXPECT_TRUE(dialect.is_error_body(tap.error()->body));
    }
  }
}

TEST(GoldenAnthropic, HostileAnswersGiveNoCredit) {
  SLUICE_SHARED_OR_SKIP(file, "suites/http1-smuggling/hostile-responses.jsonl");
  int seen = 0;
  for (const auto& line : wire::testing::read_json_lines(file)) {
    const auto id = wire::testing::text_of(line, "id");
    if (!id.starts_with("usage-") && !id.starts_with("json-")) continue;
    ++seen;
    const auto raw = wire::testing::decode_base64(wire::testing::text_of(line, "raw_b64"));
    auto body = raw.substr(raw.find("\r\n\r\n") + 4);
    const auto rename = [&](std::string_view from, std::string_view to) {
      if (const auto at = body.find(from); at != std::string::npos)
        body.replace(at, from.size(), to);
    };
    rename("prompt_tokens", "input_tokens");
    rename("completion_tokens", "output_tokens");
    const auto usage = dialect.usage_of_body(body);
    if (id.starts_with("usage-")) {
      ASSERT_TRUE(usage) << id;
      EXPECT_TRUE(usage->quarantined) << id;
      EXPECT_EQ(usage->tokens.total(), Tokens(0)) << id;
    }
    AnthropicTap tap;
    tap.feed("event: message_delta\ndata: " + body + "\n\n");
    EXPECT_EQ(tap.usage().tokens.total(), Tokens(0)) << id;
  }
  EXPECT_GE(seen, 3);
}

}  // namespace
}  // namespace sluice::dialect::anthropic
