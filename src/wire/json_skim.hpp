#pragma once
/// A second look at a text that is known to be JSON: finds where values end, and checks nothing.

#include <cstddef>
#include <cstring>
#include <string_view>

namespace sluice::wire {

/// A cursor over one text, as `JsonScan`, for texts that it or `JsonPeek` has taken: quotes and brackets are looked for, and nothing
/// else. Other texts give nonsense, within their bounds: every function leaves the cursor further on, or returns false.
class JsonSkim {
 public:
  explicit JsonSkim(std::string_view text)
      : begin_(text.data()), p_(text.data()), end_(text.data() + text.size()) {}

  [[nodiscard]] std::size_t at() const { return static_cast<std::size_t>(p_ - begin_); }
  /// The next byte, 0 at the end.
  [[nodiscard]] char peek() const { return p_ == end_ ? '\0' : *p_; }
  void skip_blanks() {
    while (p_ != end_ && (*p_ == ' ' || *p_ == '\n' || *p_ == '\r' || *p_ == '\t')) ++p_;
  }
  [[nodiscard]] bool take(char c) {
    if (p_ == end_ || *p_ != c) return false;
    ++p_;
    return true;
  }
  /// From the opening quote; `raw` is what stands between the quotes, as escaped as it came.
  [[nodiscard]] bool take_string(std::string_view& raw) {
    if (!take('"')) return false;
    const char* const start = p_;
    for (const char* from = p_; from != end_;) {
      const auto left = static_cast<std::size_t>(end_ - from);
      const auto* quote = static_cast<const char*>(std::memchr(from, '"', left));
      if (quote == nullptr) break;
      from = quote + 1;
      const char* run = quote;
      while (run != start && run[-1] == '\\') --run;
      if ((quote - run) % 2 != 0) continue;  // an escaped one
      raw = {start, static_cast<std::size_t>(quote - start)};
      p_ = from;
      return true;
    }
    p_ = end_;
    return false;
  }
  /// Any value, without blanks before it.
  [[nodiscard]] bool skip_value() {
    std::string_view ignored;
    if (peek() == '"') return take_string(ignored);
    const char* const start = p_;
    for (std::size_t depth = 0; p_ != end_;) {
      switch (*p_) {
        case '"':
          if (!take_string(ignored)) return false;
          continue;
        case '{':
        case '[': ++depth; break;
        case '}':
        case ']':
          if (depth == 0) return p_ != start;
          if (--depth == 0) {
            ++p_;
            return true;
          }
          break;
        case ',':
        case ' ':
        case '\n':
        case '\r':
        case '\t':
          if (depth == 0) return p_ != start;
          break;
        default: break;
      }
      ++p_;
    }
    return false;
  }

 private:
  const char* begin_;
  const char* p_;
  const char* end_;
};

/// The members of an object: `visit(name)` with the cursor at each value, which it takes; the name as it stands there. False at the
/// first visit that returns false, and where no object stands.
template <class Visit>
[[nodiscard]] bool skim_members(JsonSkim& skim, Visit visit) {
  if (!skim.take('{')) return false;
  skim.skip_blanks();
  if (skim.take('}')) return true;
  for (;;) {
    std::string_view name;
    skim.skip_blanks();
    if (!skim.take_string(name)) return false;
    skim.skip_blanks();
    if (!skim.take(':')) return false;
    skim.skip_blanks();
    if (!visit(name)) return false;
    skim.skip_blanks();
    if (skim.take('}')) return true;
    if (!skim.take(',')) return false;
  }
}

/// The same for an array: `visit()`.
template <class Visit>
[[nodiscard]] bool skim_elements(JsonSkim& skim, Visit visit) {
  if (!skim.take('[')) return false;
  skim.skip_blanks();
  if (skim.take(']')) return true;
  for (;;) {
    skim.skip_blanks();
    if (!visit()) return false;
    skim.skip_blanks();
    if (skim.take(']')) return true;
    if (!skim.take(',')) return false;
  }
}

}  // namespace sluice::wire
