#include "base/log.hpp"

#include <fmt/chrono.h>
#include <spdlog/async.h>
#include <spdlog/sinks/sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>

#include "base/append.hpp"

namespace sluice::log {
namespace {

constexpr std::size_t queue_batches_max = 1024;
constexpr std::size_t batch_bytes_max = 32 * 1024;
constexpr std::size_t value_bytes_max = 512;

std::atomic<Level> threshold{Level::info};
std::atomic<Format> line_format{Format::text};

/// Lines arrive whole, with their ends, and leave as they are.
class PlainSink final : public spdlog::sinks::sink {
 public:
  void log(const spdlog::details::log_msg& message) override {
    std::fwrite(message.payload.data(), 1, message.payload.size(), stderr);
  }
  void flush() override { std::fflush(stderr); }
  void set_pattern(const std::string& /*pattern*/) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter> /*formatter*/) override {}
};

/// The writer: spdlog's queue and its one thread. A full queue drops the oldest batch rather than block a request.
struct Writer {
  std::shared_ptr<spdlog::details::thread_pool> pool =
      std::make_shared<spdlog::details::thread_pool>(queue_batches_max, 1);
  std::shared_ptr<spdlog::async_logger> logger;
  Writer() {
    logger = std::make_shared<spdlog::async_logger>("sluice", std::make_shared<PlainSink>(), pool,
                                                    spdlog::async_overflow_policy::overrun_oldest);
    logger->set_level(spdlog::level::trace);
    logger->flush_on(spdlog::level::trace);
  }
};

Writer& writer() {
  static Writer instance;
  return instance;
}

struct Batch {
  bool batching = false;
  std::string lines;
  ~Batch() { hand_over(); }
  void hand_over() {
    if (lines.empty()) return;
    writer().logger->log(spdlog::level::info, lines);
    lines.clear();
    if (lines.capacity() > 2 * batch_bytes_max) lines.shrink_to_fit();
  }
};

Batch& batch() {
  thread_local Batch instance;
  return instance;
}

std::string_view name(Level level) {
  switch (level) {
    case Level::trace: return "trace";
    case Level::debug: return "debug";
    case Level::info: return "info";
    case Level::warn: return "warn";
    case Level::error: return "error";
    case Level::off: return "off";
  }
  return "info";
}

/// RFC 3339 in UTC with milliseconds. The calendar part is formatted once a second.
void append_time(std::string& out) {
  thread_local std::time_t cached = -1;
  thread_local std::string prefix;
  const auto now = std::chrono::system_clock::now();
  const auto millis =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  const auto seconds = static_cast<std::time_t>(millis / 1000);
  if (seconds != cached) {
    cached = seconds;
    prefix = fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(seconds));
  }
  const auto part = static_cast<int>(millis % 1000);
  const char tail[] = {'.', static_cast<char>('0' + part / 100),
                       static_cast<char>('0' + part / 10 % 10), static_cast<char>('0' + part % 10),
                       'Z'};
  append(out, prefix, std::string_view(tail, sizeof tail));
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  out += '"';
}

/// {"time":..,"level":..,"event":"noun.participle","key":"value",...} from a text line.
void append_json(std::string& out, Level level, std::string_view line) {
  out += R"({"time":")";
  append_time(out);
  out += R"(","level":")";
  out += name(level);
  out += '"';
  const auto space = line.find(' ');
  out += R"(,"event":)";
  append_json_string(out, line.substr(0, space));
  std::string_view rest = space == std::string_view::npos ? "" : line.substr(space + 1);
  std::string loose;
  while (!rest.empty()) {
    const auto equals = rest.find_first_of("= ");
    if (equals == std::string_view::npos || rest[equals] == ' ') {  // a bare word
      loose.append(loose.empty() ? "" : " ").append(rest.substr(0, equals));
      rest.remove_prefix(equals == std::string_view::npos ? rest.size() : equals + 1);
      continue;
    }
    out += ',';
    append_json_string(out, rest.substr(0, equals));
    out += ':';
    rest.remove_prefix(equals + 1);
    if (!rest.empty() && rest.front() == '"') {
      std::size_t end = 1;
      while (end < rest.size() && rest[end] != '"') end += rest[end] == '\\' ? 2U : 1U;
      end = std::min(end + 1, rest.size());
      out += rest.substr(0, end);  // `quoted` writes JSON's own escapes
      rest.remove_prefix(std::min(end + 1, rest.size()));
    } else {
      const auto end = std::min(rest.find(' '), rest.size());
      append_json_string(out, rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  if (!loose.empty()) {
    out += R"(,"message":)";
    append_json_string(out, loose);
  }
  out += "}\n";
}

}  // namespace

void configure(Level level, Format format) {
  threshold = level;
  line_format = format;
}

bool parse_level(std::string_view text, Level& out) {
  for (const Level level :
       {Level::trace, Level::debug, Level::info, Level::warn, Level::error, Level::off}) {
    if (name(level) == text) {
      out = level;
      return true;
    }
  }
  return false;
}

bool enabled(Level level) { return level >= threshold.load(std::memory_order_relaxed); }

void batch_this_thread() { batch().batching = true; }

void flush_thread() { batch().hand_over(); }

void flush() {
  flush_thread();
  writer().logger->flush();
}

void write(Level level, std::string_view line) {
  Batch& mine = batch();
  if (line_format.load(std::memory_order_relaxed) == Format::json) {
    append_json(mine.lines, level, line);
  } else {
    append_time(mine.lines);
    append(mine.lines, " ", name(level), " ", line, "\n");
  }
  if (!mine.batching || mine.lines.size() >= batch_bytes_max || level >= Level::warn) {
    mine.hand_over();
  }
}

namespace {

constexpr auto harmless_bytes = [] {
  std::array<bool, 256> table{};
  for (unsigned c = 0x21; c < 256; ++c) table[c] = c != 0x7f && c != '"' && c != '\\';
  return table;
}();

}  // namespace

bool is_harmless(std::string_view value) {
  if (value.empty() || value.size() > value_bytes_max) return false;
  return std::ranges::all_of(value,
                             [](char c) { return harmless_bytes[static_cast<unsigned char>(c)]; });
}

std::string quoted(std::string_view value) {
  if (is_harmless(value)) return std::string(value);
  std::string out = "\"";
  for (const char c : value.substr(0, value_bytes_max)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  if (value.size() > value_bytes_max) out += "...";
  return out += '"';
}

}  // namespace sluice::log
