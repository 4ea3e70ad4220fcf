#pragma once
/// One object of a CRS file, read tolerantly: Redis hashes hold every value as text, other ways out of CRS hold numbers, flags
/// and lists. What isn't as expected is as if it weren't there, and is remarked; what nobody asked for is unknown.

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace sluice::admin {

class CrsRecord {
 public:
  static constexpr std::size_t text_bytes_max = 64 << 10;
  static constexpr std::size_t list_items_max = 1000;

  /// `record` and `remarks` outlive it.
  CrsRecord(const boost::json::object& record, std::vector<std::string>& remarks)
      : record_(record), remarks_(remarks) {}

  [[nodiscard]] bool has(std::string_view name);          // and isn't null or ""
  [[nodiscard]] std::string text(std::string_view name);  // "" where there is none
  [[nodiscard]] bool flag(std::string_view name, bool otherwise);
  [[nodiscard]] std::int64_t whole_number(std::string_view name);  // 0 where there is none
  /// A decimal number as it may be written again ("12.5"); empty for 0 and where there is none.
  [[nodiscard]] std::string amount(std::string_view name);
  [[nodiscard]] std::optional<WallTime> time(std::string_view name);
  /// ["a"], or the same as JSON in a text.
  [[nodiscard]] std::vector<std::string> texts(std::string_view name);
  /// An object, or the same as JSON in a text.
  [[nodiscard]] std::optional<boost::json::object> object(std::string_view name);
  /// Whatever it is, a text opened where it holds JSON of a list or object; null where there is none.
  [[nodiscard]] boost::json::value any(std::string_view name);
  /// We know it and leave it behind.
  void pass_over(std::initializer_list<std::string_view> names);

  /// Fields that nobody asked for, as SECTION.NAME.
  void tell_unknown(std::string_view section, std::set<std::string>& unknown) const;

 private:
  [[nodiscard]] const boost::json::value* find(std::string_view name);
  void remark(std::string_view name, std::string_view expected);

  const boost::json::object& record_;
  std::vector<std::string>& remarks_;
  std::set<std::string, std::less<>> asked_;
};

/// "[REDACTED]", "cr_0123456...[REDACTED]", "***": what a redacted export holds in place of a secret.
[[nodiscard]] bool is_redacted(std::string_view text);
/// `text` as a name here: 1 to 64 bytes, printable, without quotes and backslashes; `otherwise` where nothing is left.
/// `text` on one line, cut to what fits into a note.
[[nodiscard]] std::string note_from(std::string_view text);
[[nodiscard]] std::string name_from(std::string_view text, std::string_view otherwise);

}  // namespace sluice::admin
