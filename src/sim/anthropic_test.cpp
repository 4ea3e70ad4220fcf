/// What the simulator says as Anthropic, read by the parsers that read the real one.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "sim/anthropic_events.hpp"
#include "sim/anthropic_request.hpp"
#include "wire/sse_parser.hpp"

namespace sluice::sim {
namespace {

namespace json = boost::json;

constexpr std::string_view plain =
    R"({"model":"claude-test","max_tokens":2000,"messages":[{"role":"user","content":"Tell me of the sea."}]})";
constexpr std::string_view rich =
    R"({"model":"claude-test","max_tokens":2000,"thinking":{"type":"enabled","budget_tokens":1024},)"
    R"("system":[{"type":"text","text":"You are a very careful assistant who reads long instructions.","cache_control":{"type":"ephemeral","ttl":"1h"}}],)"
    R"("tools":[{"name":"weather","input_schema":{"type":"object","properties":{"place":{"type":"string"},"days":{"type":"integer"},)"
    R"("unit":{"enum":["C","F"]},"tags":{"type":"array","items":{"type":"string"}}},"required":["place"]}}],"tool_choice":{"type":"any"},)"
    R"("messages":[{"role":"user","content":[{"type":"text","text":"What will the weather be in the mountains?","cache_control":{"type":"ephemeral"}}]},)"
    R"({"role":"assistant","content":"Where exactly?"},{"role":"user","content":"In all of them, as always."}]})";

struct Streamed {
  std::string bytes;
  std::vector<std::string> types;
  json::array content;
  json::object start_usage, final_usage;
  std::string stop, id, container, container_at_start;
  Claim claim;
  bool padded = false;
};

/// Builds the message that an SDK would build, and checks the order of events on the way.
Streamed read_stream(std::string_view body, const Parameters& parameters) {
  Streamed out;
  auto request = read_messages_request(body, parameters);
  EXPECT_TRUE(request) << request.error().context;
  AnthropicEvents events(std::move(*request), true);
  while (events.next(out.bytes)) {
  }
  out.claim = events.claim();
  wire::SseParser parser(1 << 20);
  EXPECT_TRUE(parser.feed(out.bytes));
  std::string partial;
  while (auto event = parser.next()) {
    const json::object data = json::parse(event->data).as_object();
    const std::string type(data.at("type").as_string());
    EXPECT_EQ(type, event->event);
    out.padded = out.padded || event->data.ends_with(" }");
    out.types.push_back(type);
    if (type == "message_start") {
      out.start_usage = data.at("message").at("usage").as_object();
      out.id = data.at("message").at("id").as_string();
      if (const auto* container = data.at("message").as_object().if_contains("container"))
        out.container_at_start = container->at("id").as_string();
    } else if (type == "content_block_start") {
      EXPECT_EQ(data.at("index").as_int64(), static_cast<std::int64_t>(out.content.size()));
      out.content.push_back(data.at("content_block"));
      partial.clear();
    } else if (type == "content_block_delta") {
      EXPECT_EQ(data.at("index").as_int64() + 1, static_cast<std::int64_t>(out.content.size()));
      json::object& block = out.content.back().as_object();
      const json::object& delta = data.at("delta").as_object();
      if (delta.contains("partial_json")) partial += delta.at("partial_json").as_string();
      for (const char* field : {"text", "thinking", "signature"}) {
        if (!delta.contains(field)) continue;
        json::string& text = block.at(field).as_string();
        text.append(delta.at(field).as_string());
      }
    } else if (type == "content_block_stop") {
      json::object& block = out.content.back().as_object();
      if (block.at("type") == "tool_use") block["input"] = json::parse(partial);
    } else if (type == "message_delta") {
      out.stop = data.at("delta").at("stop_reason").as_string();
      if (const auto* container = data.at("delta").as_object().if_contains("container"))
        out.container = container->at("id").as_string();
      out.final_usage = data.at("usage").as_object();
    }
  }
  return out;
}

json::object read_whole(std::string_view body, const Parameters& parameters, Claim& claim) {
  auto request = read_messages_request(body, parameters);
  EXPECT_TRUE(request);
  return json::parse(anthropic_body(std::move(*request), claim)).as_object();
}

TEST(Anthropic, EventsComeInTheOrderOfTheProtocol) {
  const Streamed streamed = read_stream(plain, {});

  EXPECT_EQ(streamed.types.front(), "message_start");
  EXPECT_EQ(streamed.types[1], "content_block_start");
  EXPECT_EQ(streamed.types[2], "ping");
  EXPECT_EQ(streamed.types[streamed.types.size() - 2], "message_delta");
  EXPECT_EQ(streamed.types.back(), "message_stop");
  EXPECT_EQ(streamed.stop, "end_turn");
  EXPECT_TRUE(streamed.padded);
}

TEST(Anthropic, AStreamAndAWholeBodySayTheSameAndCountTheSame) {
  for (const std::string_view body : {plain, rich}) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      Parameters parameters;
      if (seed > 0) parameters.seed = seed;
      const Streamed streamed = read_stream(body, parameters);
      Claim claim;
      const json::object whole = read_whole(body, parameters, claim);
      EXPECT_EQ(json::serialize(streamed.content), json::serialize(whole.at("content")))
          << "seed " << seed;
      EXPECT_EQ(streamed.stop, whole.at("stop_reason").as_string());
      EXPECT_EQ(streamed.id, whole.at("id").as_string());
      EXPECT_EQ(streamed.claim, claim);
      const json::object& usage = whole.at("usage").as_object();
      for (const auto& [name, value] : streamed.final_usage)
        EXPECT_EQ(usage.at(name), value) << name;
      EXPECT_EQ(usage.at("output_tokens"), claim.output);
      EXPECT_EQ(usage.at("input_tokens"), claim.input);
    }
  }
}

TEST(Anthropic, TheSameSeedGivesTheSameBytes) {
  Parameters parameters;
  parameters.seed = 11;
  EXPECT_EQ(read_stream(rich, parameters).bytes, read_stream(rich, parameters).bytes);
}

TEST(Anthropic, ThinksWithASignatureAndCallsAToolAsItsSchemaSays) {
  const Streamed streamed = read_stream(rich, {});

  ASSERT_GE(streamed.content.size(), 2U);
  EXPECT_EQ(streamed.content[0].at("type"), "thinking");
  EXPECT_FALSE(streamed.content[0].at("thinking").as_string().empty());
  EXPECT_GT(streamed.content[0].at("signature").as_string().size(), 100U);
  const json::value& tool = streamed.content[1];
  EXPECT_EQ(tool.at("name"), "weather");
  EXPECT_TRUE(tool.at("input").at("place").is_string());
  EXPECT_TRUE(tool.at("input").at("days").is_int64());
  EXPECT_EQ(tool.at("input").at("unit").as_string().size(), 1U);
  EXPECT_EQ(streamed.stop, "tool_use");
  EXPECT_GT(streamed.final_usage.at("output_tokens_details").at("thinking_tokens").as_int64(), 0);
}

TEST(Anthropic, CacheFiguresAddUpOnWhicheverSide) {
  const auto total = count_tokens(rich);
  ASSERT_TRUE(total);
  const auto claim_for = [](CacheUse use) {
    Parameters parameters;
    parameters.cache = use;
    return read_stream(rich, parameters).claim;
  };

  const Claim growing = claim_for(CacheUse::growing);
  EXPECT_GT(growing.cache_read, 0U);
  EXPECT_GT(growing.cache_write_5m, 0U);
  EXPECT_EQ(growing.cache_write_1h, 0U);
  const Claim read = claim_for(CacheUse::read);
  EXPECT_EQ(read.cache_write(), 0U);
  const Claim write = claim_for(CacheUse::write);
  EXPECT_EQ(write.cache_read, 0U);
  EXPECT_GT(write.cache_write_1h, 0U);
  EXPECT_GT(write.cache_write_5m, 0U);
  for (const Claim& claim : {growing, read, write}) {
    EXPECT_EQ(claim.input + claim.cache_read + claim.cache_write(), *total);
    EXPECT_GT(claim.input, 0U);
  }
}

TEST(Anthropic, TheFirstUsageHasTheSplitAndTheLastHasTheTotal) {
  const Streamed streamed = read_stream(rich, {});

  EXPECT_TRUE(streamed.start_usage.contains("cache_creation"));
  EXPECT_FALSE(streamed.final_usage.contains("cache_creation"));
  EXPECT_LE(streamed.start_usage.at("output_tokens").as_int64(), 4);
  EXPECT_GT(streamed.final_usage.at("output_tokens").as_int64(),
            streamed.start_usage.at("output_tokens").as_int64());
}

TEST(Anthropic, RefusesWhatTheProviderRefuses) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "valid JSON"},
      {"[]", "valid JSON"},
      {R"({"max_tokens":1,"messages":[{"role":"user","content":"a"}]})", "model: Field required"},
      {R"({"model":"m","messages":[{"role":"user","content":"a"}]})", "max_tokens: Field required"},
      {R"({"model":"m","max_tokens":1})", "messages: Field required"},
      {R"({"model":"m","max_tokens":1,"messages":[]})", "at least one message"},
      {R"({"model":"m","max_tokens":1,"messages":[{"content":"a"}]})",
       "messages.0.role: Field required"},
      {R"({"model":"m","max_tokens":-1,"messages":[{"role":"user","content":"a"}]})",
       "max_tokens: Input"},
      {R"({"model":"m","max_tokens":1,"stream":"yes","messages":[{"role":"user","content":"a"}]})",
       "stream: Input"},
  };
  for (const auto& [body, why] : cases) {
    const auto refused = read_messages_request(body, {});
    ASSERT_FALSE(refused) << body;
    EXPECT_NE(refused.error().context.find(why), std::string::npos) << refused.error().context;
  }
}

TEST(Anthropic, NamesItsContainerAndRefusesAnother) {
  Parameters parameters;
  parameters.container = "container_a";
  const auto with = [](const std::string& container) {
    std::string body(plain);
    return body.insert(1, "\"container\":" + container + ",");
  };
  for (const char* known :
       {"null", "\"container_a\"", R"({"id":"container_a"})", R"({"skills":[]})"}) {
    const Streamed streamed = read_stream(with(known), parameters);
    EXPECT_EQ(streamed.container_at_start, "container_a") << known;
    EXPECT_EQ(streamed.container, "container_a") << known;
    Claim claim;
    const json::object whole = read_whole(with(known), parameters, claim);
    EXPECT_EQ(whole.at("container").at("id"), "container_a") << known;
  }
  for (const char* foreign : {"\"container_b\"", R"({"id":"container_b"})"}) {
    const auto refused = read_messages_request(with(foreign), parameters);
    ASSERT_FALSE(refused) << foreign;
    EXPECT_EQ(refused.error().code, Errc::unknown_route);
    EXPECT_NE(refused.error().context.find("container_b"), std::string::npos);
    EXPECT_TRUE(read_messages_request(with(foreign), {}));
  }
  EXPECT_EQ(read_stream(plain, {}).container, "");
}

TEST(Anthropic, TakesBackOnlyTheThinkingThatItsOwnKeySigned) {
  Parameters parameters;
  parameters.thinking_bound = true;
  auto request = read_messages_request(rich, parameters, "key-1");
  ASSERT_TRUE(request);
  Claim claim;
  const json::object whole = json::parse(anthropic_body(std::move(*request), claim)).as_object();
  const std::string turn =
      R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"a"},)"
      R"({"role":"assistant","content":[)";
  const std::string end = R"(]},{"role":"user","content":"b"}]})";
  const std::string next =
      turn + R"({"type":"text","text":"x"},)" + json::serialize(whole.at("content").at(0)) + end;
  EXPECT_TRUE(read_messages_request(next, parameters, "key-1"));
  const auto refused = read_messages_request(next, parameters, "key-2");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_request);
  EXPECT_TRUE(refused.error().context.starts_with(
      "messages.1.content.1: Invalid `signature` in `thinking` block."));
  EXPECT_TRUE(read_messages_request(next, {}, "key-2"));
  for (const char* block : {R"({"type":"redacted_thinking","data":"x"})", R"({"type":"thinking"})"})
    EXPECT_FALSE(read_messages_request(turn + block + end, parameters, "key-1")) << block;
  EXPECT_TRUE(
      read_messages_request(turn + R"({"type":"text","text":"x"})" + end, parameters, "key-2"));
}

TEST(Anthropic, OddBodiesAreAnsweredToo) {
  for (
      const char* body :
      {R"({"model":"m","max_tokens":0,"messages":[{"role":"user","content":"a"}]})",
       R"({"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":[]}],"tools":[1,{"name":"x","input_schema":{}}],"tool_choice":{"type":"any"}})",
       R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":7}],"system":null,"thinking":3})"}) {
    const Streamed streamed = read_stream(body, {});
    EXPECT_EQ(streamed.types.back(), "message_stop") << body;
  }
}

}  // namespace
}  // namespace sluice::sim
