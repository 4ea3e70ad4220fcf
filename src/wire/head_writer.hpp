#pragma once
/// Heads that we send: a string with a line appended at a time. What is appended has been parsed by us or is our own, so
/// it holds no CR, LF or NUL; `field` asserts it.

#include <cassert>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/append.hpp"
#include "base/release.hpp"

namespace sluice::wire {

/// "OK" for 200; "" for what has no registered phrase.
[[nodiscard]] std::string_view reason_phrase(int status);

class HeadWriter {
 public:
  explicit HeadWriter(std::size_t bytes = 512) { reserve_spare(text_, bytes); }

  void status_line(int status) {
    append(text_, "HTTP/1.1 ", Digits(static_cast<std::uint64_t>(status)), " ",
           reason_phrase(status), "\r\n");
  }
  /// The target is `base` and `path`, and `query` behind a '?' if there is one.
  void request_line(std::string_view method, std::string_view base, std::string_view path,
                    std::string_view query) {
    const std::string_view mark = query.empty() ? "" : "?";
    append(text_, method, " ", base, path, mark, query, " HTTP/1.1\r\n");
  }
  void field(std::string_view name, std::string_view value) {
    assert(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
    append(text_, name, ": ", value, "\r\n");
  }
  void field(std::string_view name, std::uint64_t value) {
    append(text_, name, ": ", Digits(value), "\r\n");
  }
  /// Lines that end with CRLF already.
  void raw(std::string_view lines) { text_ += lines; }
  void end() { text_ += "\r\n"; }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  struct Digits {
    explicit Digits(std::uint64_t value)
        : size(static_cast<std::size_t>(std::to_chars(text, text + sizeof text, value).ptr -
                                        text)) {}
    operator std::string_view() const { return {text, size}; }
    char text[20];
    std::size_t size;
  };
  std::string text_;
};

}  // namespace sluice::wire
