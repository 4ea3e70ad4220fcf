#include "soak.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "answer.hpp"

namespace sluice::soak {
namespace {

constexpr std::size_t complaints_printed_max = 40;

}  // namespace

void Checks::check(bool good, std::string_view what) {
  fmt::print("{} - {}\n", good ? "ok" : "not ok", what);
  std::fflush(stdout);
  (good ? passed_ : failed_) += 1;
}

void Checks::complain(std::string_view what) {
  if (complaints_++ >= complaints_printed_max) return;
  fmt::print("  ! {}\n", what);
  std::fflush(stdout);
}

std::string configuration(std::uint16_t port, unsigned threads, const Limits& limits) {
  return fmt::format(
             "[server]\nlisten = \"127.0.0.1:0\"\nthreads = {}\nwrite_stall_timeout_ms = {}\n"
             "[relay]\nconnect_timeout_ms = {}\nfirst_byte_timeout_ms = {}\nidle_timeout_ms = {}\n"
             "keepalive_ms = 0\nmax_attempts = 1\n"
             "[[key]]\nname = \"soak\"\nsecret = \"{}\"\n",
             threads, limits.write_stall.count(), limits.connect.count(), limits.first_byte.count(),
             limits.idle.count(), key_secret) +
         account("main", "claude-*", port);
}

std::string account(std::string_view name, std::string_view models, std::uint16_t port) {
  return fmt::format(
      "[[account]]\nname = \"{}\"\nprovider = \"anthropic\"\nbase_url = \"http://127.0.0.1:{}\"\n"
      "credential = {{ api_key = \"sk-ant-soak\" }}\nmodels = [\"{}\"]\n"
      // What comes of one answer is looked at here, not what an account does after many bad ones.
      "cooling = {{ unreachable = \"0\", server_error = \"0\", rate_limited = \"0\", overloaded = "
      "\"0\" }}\n",
      name, port, models);
}

std::string request_body(Dice& dice, std::uint64_t id, std::string_view model, bool stream,
                         std::size_t text_bytes) {
  std::string body = fmt::format(
      R"({{"model":"{}","max_tokens":1024,"stream":{},"metadata":{{"user_id":"soak-{}"}},)"
      R"("messages":[{{"role":"user","content":")",
      model, stream, id);
  append_json_text(body, dice, text_bytes);
  return body += "\"}]}";
}

}  // namespace sluice::soak
