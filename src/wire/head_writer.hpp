#pragma once
/// Heads that we send: a string with a line appended at a time. What is appended has been parsed by us or is our own, so
/// it holds no CR, LF or NUL; `field` asserts it.

#include <cassert>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/release.hpp"

namespace sluice::wire {

/// "OK" for 200; "" for what has no registered phrase.
[[nodiscard]] std::string_view reason_phrase(int status);

class HeadWriter {
 public:
  explicit HeadWriter(std::size_t bytes = 512) { reserve_spare(text_, bytes); }

  void status_line(int status) {
    text_ += "HTTP/1.1 ";
    number(static_cast<std::uint64_t>(status));
    text_ += ' ';
    text_ += reason_phrase(status);
    text_ += "\r\n";
  }
  void request_line(std::string_view method, std::string_view target) {
    ((text_ += method) += ' ') += target;
    text_ += " HTTP/1.1\r\n";
  }
  void field(std::string_view name, std::string_view value) {
    assert(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
    ((text_ += name) += ": ") += value;
    text_ += "\r\n";
  }
  void field(std::string_view name, std::uint64_t value) {
    (text_ += name) += ": ";
    number(value);
    text_ += "\r\n";
  }
  /// Lines that end with CRLF already.
  void raw(std::string_view lines) { text_ += lines; }
  void end() { text_ += "\r\n"; }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  void number(std::uint64_t value) {
    char digits[20];
    const auto done = std::to_chars(digits, digits + sizeof digits, value);
    text_.append(digits, done.ptr);
  }
  std::string text_;
};

}  // namespace sluice::wire
