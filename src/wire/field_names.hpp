#pragma once
/// A fixed set of field names, asked in any case.
///
///     constexpr FieldNames hidden({"cookie", "x-api-key"});
///     hidden.contains("X-Api-Key");   // true
///
/// Most names that aren't in it are told by their length and first letter alone.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/ascii.hpp"

namespace sluice::wire {

template <std::size_t count>
class FieldNames {
 public:
  /// `names` are in lower case, and not empty.
  consteval explicit FieldNames(const std::string_view (&names)[count]) {
    std::copy(std::begin(names), std::end(names), names_.begin());
    std::ranges::sort(names_, {}, &std::string_view::size);
    for (const std::string_view name : names_) {
      for (std::size_t size = name.size() + 1; size < starts_.size(); ++size) ++starts_[size];
    }
  }

  [[nodiscard]] constexpr bool contains(std::string_view name) const {
    if (name.size() > size_max) return false;
    const std::size_t end = starts_[name.size() + 1];
    for (std::size_t i = starts_[name.size()]; i < end; ++i) {
      if (ascii::lower(name.front()) == names_[i].front() && ascii::iequal(name, names_[i])) {
        return true;
      }
    }
    return false;
  }

 private:
  static constexpr std::size_t size_max = 62;
  std::array<std::string_view, count> names_;        // by their size
  std::array<std::uint8_t, size_max + 2> starts_{};  // where the names of each size begin
};

}  // namespace sluice::wire
