#pragma once
/// One line an event: `request.settled request=01J.. key=ci status=200`. A noun and a past participle, then key=value.
/// error: a person must act; warn: we coped; info: one line a request; debug, trace: the rest.
/// A line never carries a credential, a header or a body.
///
/// Lines are handed to a writer thread in batches: an I/O thread calls `flush_thread()` once a tick, other threads
/// write through at once. A slow terminal blocks nobody; past `queue_bytes_max` lines are dropped and counted.

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace sluice::log {

enum class Level { trace, debug, info, warn, error, off };
enum class Format { text, json };

/// Before threads are started. The default is text at info, to stderr.
void configure(Level level, Format format);
[[nodiscard]] bool parse_level(std::string_view name, Level& out);
[[nodiscard]] bool enabled(Level level);

/// This thread calls `flush_thread()` itself from now on.
void batch_this_thread();
void flush_thread();
/// Everything written so far is with the operating system after this.
void flush();

/// `line` is "noun.participle key=value ...": values with blanks, quotes or controls must come through `quoted`.
void write(Level level, std::string_view line);

/// The value as it may stand in a line: as it is if harmless, else in quotes with escapes; cut at 512 bytes.
[[nodiscard]] std::string quoted(std::string_view value);

/// Whether it may stand in a line as it is.
[[nodiscard]] bool is_harmless(std::string_view value);

/// A line put together field by field: for the one line that every request writes, a third of the cost of a format string.
class LineWriter {
 public:
  explicit LineWriter(std::string_view event) { text_.append(event); }
  /// Quoted where it must be. `name` is a literal.
  template <std::size_t n>
  LineWriter& field(const char (&name)[n], std::string_view value) {
    if (!is_harmless(value)) return plain_field(name, quoted(value));
    return plain_field(name, value);
  }
  template <std::size_t n>
  LineWriter& field(const char (&name)[n], std::int64_t value) {
    constexpr std::size_t digits_max = 20;  // with the sign
    char* const at = begin_field(name, digits_max);
    end_at(std::to_chars(at, at + digits_max, value).ptr);
    return *this;
  }
  [[nodiscard]] std::string_view text() const { return {text_.data(), text_.size()}; }

 private:
  template <std::size_t n>
  LineWriter& plain_field(const char (&name)[n], std::string_view value) {
    char* const at = begin_field(name, value.size());
    end_at(at + value.copy(at, value.size()));
    return *this;
  }
  /// Where the value goes, which has at most `value_bytes`.
  template <std::size_t n>
  char* begin_field(const char (&name)[n], std::size_t value_bytes) {
    text_.reserve(text_.size() + n + 1 + value_bytes);
    char* at = text_.data() + text_.size();
    *at++ = ' ';
    std::memcpy(at, name, n - 1);
    at += n - 1;
    *at++ = '=';
    return at;
  }
  void end_at(const char* end) { text_.resize(static_cast<std::size_t>(end - text_.data())); }

  fmt::basic_memory_buffer<char, 1024> text_;
};

template <class... Args>
void line(Level level, fmt::format_string<Args...> format, Args&&... args) {
  if (!enabled(level)) return;
  fmt::basic_memory_buffer<char, 512> buffer;
  fmt::format_to(std::back_inserter(buffer), format, std::forward<Args>(args)...);
  write(level, {buffer.data(), buffer.size()});
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  line(Level::error, format, std::forward<Args>(args)...);
}
template <class... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  line(Level::warn, format, std::forward<Args>(args)...);
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  line(Level::info, format, std::forward<Args>(args)...);
}
template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  line(Level::debug, format, std::forward<Args>(args)...);
}

}  // namespace sluice::log
