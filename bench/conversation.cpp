/// What it costs to recognise a conversation, by the size of the request: beside the walk that every request has, and what strips
/// the signatures from it.

#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include "base/random.hpp"
#include "dialect/anthropic/anthropic.hpp"

namespace sluice::dialect {
namespace {

constexpr anthropic::Anthropic anthropic_dialect;

/// Code and prose as JSON has them: escapes every few words.
std::string text(SeededRandom& random, std::size_t bytes) {
  static constexpr std::string_view words[] = {
      "return", "value", "the", R"(if (x) {\n  )", R"(\"text\")",
      "and",    "of",    "to",  "prefix",          R"(  f(y, z);\n)"};
  std::string made;
  while (made.size() < bytes) {
    made += words[random.below(std::size(words))];
    made += ' ';
  }
  return made;
}

/// An agent's request: a system prompt, tools, then calls of tools and what they gave.
std::string body_of(std::size_t bytes) {
  SeededRandom random(1);
  const std::size_t result = bytes < 10'000 ? 600 : 3'000;
  std::string body = R"({"model":"claude-sonnet-4-5","max_tokens":32000,"stream":true,"system":[)"
                     R"({"type":"text","cache_control":{"type":"ephemeral"},"text":")" +
                     text(random, bytes / 8) + R"("}],"tools":[)";
  for (int i = 0; i < 8; ++i) {
    body += i == 0 ? "" : ",";
    body += R"({"name":"t","description":")" + text(random, bytes / 64) +
            R"(","input_schema":{"type":"object","properties":{"a":{"type":"string"}}}})";
  }
  body += R"(],"messages":[{"role":"user","content":"Go on."})";
  while (body.size() < bytes) {
    body +=
        R"(,{"role":"assistant","content":[{"type":"thinking","thinking":"x","signature":"Er"},)"
        R"({"type":"tool_use","id":"toolu_1","name":"t","input":{"a":"b"}}]},)"
        R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":[)"
        R"({"type":"text","text":")" +
        text(random, result) + R"("}]}]})";
  }
  return body + R"(],"cache_control":{"type":"ephemeral"}})";
}

template <class Work>
void measure(benchmark::State& state, Work work) {
  const std::string body = body_of(static_cast<std::size_t>(state.range(0)));
  if (!anthropic_dialect.read_request(body)) std::abort();
  for (auto _ : state) benchmark::DoNotOptimize(work(body));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}

void read_request(benchmark::State& state) {
  measure(state, [](const std::string& body) { return anthropic_dialect.read_request(body); });
}
void read_conversation(benchmark::State& state) {
  measure(state, [](const std::string& body) { return anthropic_dialect.read_conversation(body); });
}
void without_signatures(benchmark::State& state) {
  measure(state,
          [](const std::string& body) { return anthropic_dialect.without_signatures(body); });
}
BENCHMARK(read_request)->Arg(4 << 10)->Arg(200 << 10);
BENCHMARK(read_conversation)->Arg(4 << 10)->Arg(200 << 10);
BENCHMARK(without_signatures)->Arg(4 << 10)->Arg(200 << 10);

}  // namespace
}  // namespace sluice::dialect

BENCHMARK_MAIN();
