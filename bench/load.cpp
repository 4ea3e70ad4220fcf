/// bench_load: drives a proxy, or the upstream directly, and prints what it saw as one JSON object.

#include <unistd.h>

#include <cstdio>
#include <exception>
#include <functional>
#include <stdexcept>

#include "flags.hpp"
#include "loader.hpp"

namespace sluice::bench {
namespace {

constexpr const char* help =
    "bench_load --mode M --port P [--host 127.0.0.1] [--tls 1] [--path /v1/messages] [--key "
    "SECRET]\n"
    "  json     --connections C --requests N      closed loop of plain answers\n"
    "  stream   --connections C --requests N --events E [--burst B]\n"
    "                                             closed loop of unpaced streams\n"
    "  paced    --connections C --events E --rate R [--tick US]\n"
    "                                             C streams at once, R events/s each\n"
    "  hold     --connections C [--events E]      C streams that fall silent after E events "
    "(default 1); prints\n"
    "                                             once when all have had them, again after a line "
    "on "
    "stdin\n"
    "  rate     --rate R --seconds T [--connections C]\n"
    "                                             open loop: R plain requests/s whatever the "
    "answers do\n"
    "  --ramp N     at most N streams at once that have not begun (default 256)\n"
    "  --deadline S what is not finished after S seconds is an error (default 120)\n"
    "  Exit code 0 if every answer was a 200 and whole (streams: with message_stop), else 1.\n";

std::string body_of(const Flags& flags) {
  const std::string& mode = flags.text("mode");
  const bool stream = mode != "json" && mode != "rate";
  // The prompt makes it 1 KiB: a short chat.
  std::string prompt;
  while (prompt.size() < 700) prompt += "Tell me about the quick brown fox. ";
  std::string plan = "none";
  if (stream) {
    plan = "x-bench: events=" + flags.text("events") + ",burst=" + flags.text("burst") +
           ",tick=" + flags.text("tick");
    if (mode == "paced") plan += ",rate=" + flags.text("rate");
    if (mode == "hold") plan += ",hold";
  }
  return R"({"model":"claude-sonnet-4-5","max_tokens":1024,)" +
         std::string(stream ? R"("stream":true,)" : "") + R"("metadata":{"user_id":")" + plan +
         R"("},"messages":[{"role":"user","content":")" + prompt + "\"}]}";
}

std::string request_of(const Flags& flags) {
  const std::string body = body_of(flags);
  return "POST " + flags.text("path") + " HTTP/1.1\r\nhost: " + flags.text("host") + ":" +
         flags.text("port") + "\r\nx-api-key: " + flags.text("key") +
         "\r\nanthropic-version: 2023-06-01\r\ncontent-type: application/json\r\n"
         "accept: application/json\r\nuser-agent: bench-load/1\r\ncontent-length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

void print(const std::string& mode, Loader& loader, Time started) {
  Tally& tally = loader.tally();
  const double seconds = std::chrono::duration<double>(now() - started).count();
  std::printf(
      "{\"mode\":\"%s\",\"started\":%zu,\"ok\":%zu,\"errors\":%zu,\"open\":%zu,\"first_error\":%s,"
      "\"events\":%zu,\"deltas\":%zu,\"reads\":%zu,\"seconds\":%.3f,\"latency_us\":%s,"
      "\"first_byte_us\":%s}\n",
      mode.c_str(), tally.started, tally.ok, tally.errors, loader.running(),
      json_string(tally.first_error).c_str(), tally.events, tally.deltas, tally.reads, seconds,
      tally.latency.json().c_str(), tally.first_bytes.json().c_str());
  std::fflush(stdout);
}

/// `connections` at a time until `requests` are done.
void closed_loop(Loader& loader, std::size_t connections, std::size_t requests, std::size_t ramp,
                 Time deadline) {
  while (now() < deadline) {
    const auto more = [&] {
      return loader.tally().started < requests && loader.running() < connections &&
             loader.silent() < ramp;
    };
    while (more()) loader.start(now());
    if (loader.running() == 0 && loader.tally().started >= requests) return;
    loader.turn(deadline);
  }
}

void open_loop(Loader& loader, std::size_t connections, double rate, double seconds,
               Time deadline) {
  loader.open_idle(connections);
  // Handshakes are not what is measured.
  const Time start = now() + std::chrono::milliseconds(300);
  while (now() < start) loader.turn(start);
  const auto requests = static_cast<std::size_t>(rate * seconds);
  const auto due = [&](std::size_t nth) {
    return start + std::chrono::nanoseconds(
                       static_cast<std::int64_t>(static_cast<double>(nth) * 1e9 / rate));
  };
  while (now() < deadline) {
    // A request that finds no free connection waits for one, and the wait is part of its latency.
    const auto has_room = [&] {
      return loader.tally().started < requests && loader.running() < connections;
    };
    while (has_room() && due(loader.tally().started) <= now())
      loader.start(due(loader.tally().started));
    if (loader.tally().started >= requests && loader.running() == 0) return;
    loader.turn(has_room() ? due(loader.tally().started) : deadline);
  }
}

/// Gives 0 if every stream was open when we were told to let go.
int hold(Loader& loader, std::size_t streams, std::size_t ramp, Time started, Time deadline) {
  while (now() < deadline) {
    while (loader.tally().started < streams && loader.silent() < ramp) loader.start(now());
    if (loader.tally().started >= streams && loader.silent() == 0) break;
    loader.turn(deadline);
  }
  print("hold", loader, started);
  loader.also_watch(STDIN_FILENO);
  while (!loader.is_told()) loader.turn(std::nullopt);
  print("hold", loader, started);
  return loader.running() == streams && loader.silent() == 0 ? 0 : 1;
}

int run(std::span<char* const> words) {
  const Flags flags(words, {{"mode", ""},
                            {"host", "127.0.0.1"},
                            {"port", "0"},
                            {"tls", "0"},
                            {"path", "/v1/messages"},
                            {"key", "bench"},
                            {"connections", "64"},
                            {"requests", "1000"},
                            {"events", "1"},
                            {"burst", "1"},
                            {"rate", "20"},
                            {"tick", "1000"},
                            {"seconds", "5"},
                            {"ramp", "256"},
                            {"deadline", "120"}});
  raise_descriptor_limit();
  const std::string& mode = flags.text("mode");
  const auto connections = flags.number<std::size_t>("connections");
  const auto ramp = flags.number<std::size_t>("ramp");
  const TlsContext tls = tls_client();
  Loader loader({.host = flags.text("host"),
                 .port = flags.number<std::uint16_t>("port"),
                 .tls = flags.number<int>("tls") != 0 ? tls.get() : nullptr,
                 .request = request_of(flags),
                 .stream = mode != "json" && mode != "rate",
                 .begins_with = mode == "hold" ? flags.number<std::size_t>("events") : 1});
  const Time started = now();
  const Time deadline = started + std::chrono::seconds(flags.number<int>("deadline"));
  if (mode == "hold") return hold(loader, connections, ramp, started, deadline);
  if (mode == "json" || mode == "stream")
    closed_loop(loader, connections, flags.number<std::size_t>("requests"), ramp, deadline);
  else if (mode == "paced")
    closed_loop(loader, connections, connections, ramp, deadline);
  else if (mode == "rate")
    open_loop(loader, connections, flags.number<double>("rate"), flags.number<double>("seconds"),
              deadline);
  else
    throw std::runtime_error("--mode wants json, stream, paced, hold or rate");
  print(mode, loader, started);
  return loader.tally().errors == 0 && loader.running() == 0 && loader.tally().ok > 0 ? 0 : 1;
}

}  // namespace
}  // namespace sluice::bench

int main(int count, char** words) {
  if (count > 1 && std::string_view(words[1]) == "--help") {
    std::fputs(sluice::bench::help, stdout);
    return 0;
  }
  try {
    return sluice::bench::run({words + 1, static_cast<std::size_t>(count - 1)});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_load: %s\n", error.what());
    return 2;
  }
}
