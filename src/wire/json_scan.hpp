#pragma once
/// The strict grammar of RFC 8259, walked over bytes that need no padding and are not copied.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::wire {

/// Arrays and objects within each other; deeper texts are refused.
inline constexpr std::size_t json_depth_max = 512;

/// A cursor over one text. Every function leaves the cursor behind what it read, or returns false:
/// then the text is not JSON and `at()` is near the offence. UTF-8 is not checked here.
class JsonScan {
 public:
  struct String {
    std::string_view raw;  // between the quotes
    bool escaped = false;
  };

  explicit JsonScan(std::string_view text)
      : begin_(text.data()), p_(text.data()), end_(text.data() + text.size()) {}

  [[nodiscard]] std::size_t at() const { return static_cast<std::size_t>(p_ - begin_); }
  [[nodiscard]] bool at_end() const { return p_ == end_; }
  /// The next byte, 0 at the end (no valid text has one outside).
  [[nodiscard]] char peek() const { return p_ == end_ ? '\0' : *p_; }
  void skip_blanks() {
    // Most texts have none, and then one comparison tells.
    while (p_ != end_ && static_cast<unsigned char>(*p_) <= ' ' &&
           (*p_ == ' ' || *p_ == '\n' || *p_ == '\r' || *p_ == '\t')) {
      ++p_;
    }
  }
  [[nodiscard]] bool take(char c) {
    if (p_ == end_ || *p_ != c) return false;
    ++p_;
    return true;
  }
  /// From the opening quote.
  [[nodiscard]] bool take_string(String& out);
  /// Any value, `depth` levels down already.
  [[nodiscard]] bool take_value(std::size_t depth);

 private:
  [[nodiscard]] bool take_escape();
  [[nodiscard]] bool take_digits();
  [[nodiscard]] bool take_number();
  [[nodiscard]] bool take_literal(std::string_view word);
  [[nodiscard]] bool take_scalar();
  [[nodiscard]] bool take_key_and_colon();

  const char* begin_;
  const char* p_;
  const char* end_;
};

/// What a scanned string says, in UTF-8. Half a surrogate pair becomes U+FFFD.
[[nodiscard]] std::string unescape_json(std::string_view raw);

}  // namespace sluice::wire
