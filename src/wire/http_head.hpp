#pragma once
/// Heads of HTTP/1.1 messages, read strictly: what two readers could understand differently is
/// refused, not guessed. Source: RFC 9112 (messages), RFC 9110 (fields). Nothing here copies: views
/// point into the scanned bytes.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace sluice::wire {

/// `value` is without the blanks around it.
struct HeaderField {
  std::string_view name;
  std::string_view value;
};

/// How the body that follows is delimited.
enum class Framing : std::uint8_t { none, length, chunked, until_close };

struct HeadLimits {
  std::size_t bytes_max = 32768;  // the whole head
  std::size_t count_max = 100;    // fields
};

struct RequestHead {
  std::string_view method;
  std::string_view target;
  int minor_version = 1;             // HTTP/1.x, x is 0 or 1
  std::vector<HeaderField> headers;  // keeps its capacity over parses
  Framing framing = Framing::none;   // never until_close
  std::uint64_t content_length = 0;
  bool keep_alive = true;
  bool expect_continue = false;

  /// The first field of that name, in any case; nullptr without one.
  [[nodiscard]] const HeaderField* find(std::string_view name) const;
  /// Its value; empty also where there is none.
  [[nodiscard]] std::string_view value(std::string_view name) const;
};

struct ResponseHead {
  int status = 0;  // 100 to 599, never 101
  std::string_view reason;
  int minor_version = 1;
  std::vector<HeaderField> headers;
  Framing framing = Framing::none;
  std::uint64_t content_length = 0;  // what the field says, also where no body follows (HEAD, 304)
  bool keep_alive = true;            // false whenever the body runs until the end of the connection

  [[nodiscard]] const HeaderField* find(std::string_view name) const;
  [[nodiscard]] std::string_view value(std::string_view name) const;
};

/// Finds the end of a head in a growing buffer, reading each byte once.
///
///     finder.find("GET / HTTP/1.1\r\nHost: a\r\n");           // nullopt: read more, keep what is
///     there finder.find("GET / HTTP/1.1\r\nHost: a\r\n\r\nnext");   // 27: the head's length, CRLF
///     CRLF included
///
/// Errors  what can't become a head any more is refused at once: a bare CR or LF, a control byte, a
/// first byte that
///         starts no method (client) or isn't "HTTP/" (provider), more than two empty lines before
///         a request, more than `bytes_max` bytes without an end (header_too_large).
class HeadEndFinder {
 public:
  explicit HeadEndFinder(Side from, std::size_t bytes_max = HeadLimits{}.bytes_max)
      : from_(from), bytes_max_(bytes_max) {}
  /// `buffer` begins with the same bytes as at the last call.
  [[nodiscard]] Result<std::optional<std::size_t>> find(std::string_view buffer);
  void reset();

 private:
  [[nodiscard]] Status check_start(std::string_view start) const;

  Side from_;
  std::size_t bytes_max_;
  std::size_t scanned_ = 0;
  std::size_t line_start_ = 0;
  int empty_lines_ = 0;  // before the first line
  bool started_ = false;
};

/// `head` ends with its CRLF CRLF. Up to two empty lines may stand before a request line.
///
/// Errors  Side::client: invalid_request, header_too_large (bytes or fields), expectation_failed.
/// The context names
///         the rule and quotes nothing of the input.
[[nodiscard]] Status parse_request_head(std::string_view head, const HeadLimits& limits,
                                        RequestHead& out);

/// An interim response (1xx) is a head like any other: the caller reads on. 101 is refused, as we
/// never ask for it. Errors  Side::provider: upstream_invalid.
[[nodiscard]] Status parse_response_head(std::string_view head, const HeadLimits& limits,
                                         bool answers_head_request, ResponseHead& out);

/// Whether routes may be matched against this target: origin form (or the "*" that only OPTIONS
/// gets past `parse_request_head`) whose path has nothing that someone behind us could read as
/// another path: no `..`, `//`,
/// `\`, `;`, no lone `.` segment, no `%2e`, `%2f`, `%5c`, no encoded controls, no broken escapes.
/// No `#` and only visible ASCII anywhere.
[[nodiscard]] Status check_target(std::string_view target);

}  // namespace sluice::wire
