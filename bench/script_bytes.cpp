#include "script_bytes.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace sluice::bench {
namespace {

constexpr std::string_view usage_at_start =
    R"("usage":{"input_tokens":25,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1})";

std::string chunk(std::string_view payload) {
  char size[24];
  const int digits = std::snprintf(size, sizeof size, "%zx\r\n", payload.size());
  return std::string(size, static_cast<std::size_t>(digits)) + std::string(payload) + "\r\n";
}

std::string event(std::string_view type, std::string_view data) {
  return chunk("event: " + std::string(type) + "\ndata: " + std::string(data) + "\n\n");
}

std::string make_json_answer() {
  std::string body =
      R"({"id":"msg_01BenchBenchBenchBenchBench","type":"message","role":"assistant",)"
      R"("model":"claude-sonnet-4-5","content":[{"type":"text","text":")";
  for (int i = 0; i < 8; ++i) body += "The quick brown fox jumps over the dog. ";
  body +=
      R"("}],"stop_reason":"end_turn","stop_sequence":null,)"
      R"("usage":{"input_tokens":25,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":81}})";
  return "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nrequest-id: req_bench\r\n"
         "content-length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string make_opening() {
  const std::string message =
      R"({"type":"message_start","message":{"id":"msg_01BenchBenchBenchBenchBench","type":"message",)"
      R"("role":"assistant","model":"claude-sonnet-4-5","content":[],"stop_reason":null,"stop_sequence":null,)" +
      std::string(usage_at_start) + "}}";
  return "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
         "cache-control: no-cache\r\nrequest-id: req_bench\r\ntransfer-encoding: chunked\r\n\r\n" +
         event("message_start", message) +
         event(
             "content_block_start",
             R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})");
}

std::string make_ending() {
  return event("content_block_stop", R"({"type":"content_block_stop","index":0})") +
         event(
             "message_delta",
             R"({"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":81}})") +
         event("message_stop", R"({"type":"message_stop"})") + "0\r\n\r\n";
}

template <class Number>
void read_number(std::string_view value, Number& out) {
  std::from_chars(value.data(), value.data() + value.size(), out);
}

}  // namespace

StreamPlan plan_of(std::string_view request) {
  StreamPlan plan;
  constexpr std::string_view name = "x-bench";
  const auto at = request.find(name);
  if (at == request.npos) return plan;
  std::string_view words = request.substr(at + name.size());
  words.remove_prefix(std::min(words.find_first_not_of(":= "), words.size()));
  words = words.substr(0, words.find_first_of("\"\r\n &"));
  while (!words.empty()) {
    const std::string_view word = words.substr(0, words.find(','));
    words.remove_prefix(std::min(word.size() + 1, words.size()));
    const auto sign = word.find('=');
    const std::string_view key = word.substr(0, sign);
    const std::string_view value = sign == word.npos ? "" : word.substr(sign + 1);
    if (key == "events") read_number(value, plan.events);
    if (key == "rate") read_number(value, plan.rate);
    if (key == "burst") read_number(value, plan.burst);
    if (key == "hold") plan.hold = true;
    if (key == "tick") {
      std::chrono::microseconds::rep tick = 0;
      read_number(value, tick);
      plan.tick = std::chrono::microseconds(tick);
    }
  }
  plan.burst = std::clamp<std::size_t>(plan.burst, 1, deltas_per_write_max);
  return plan;
}

const std::string& json_answer() {
  static const std::string bytes = make_json_answer();
  return bytes;
}

const std::string& stream_opening() {
  static const std::string bytes = make_opening();
  return bytes;
}

std::string_view stream_deltas(std::size_t count) {
  static const std::string one = event(
      "content_block_delta",
      R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" quick brown fox jumps over"}})");
  static const std::string many = [] {
    std::string out;
    for (std::size_t i = 0; i < deltas_per_write_max; ++i) out += one;
    return out;
  }();
  return std::string_view(many).substr(0, count * one.size());
}

const std::string& stream_ending() {
  static const std::string bytes = make_ending();
  return bytes;
}

}  // namespace sluice::bench
