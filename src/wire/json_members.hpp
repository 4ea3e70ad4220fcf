#pragma once
/// The members of a small object, or the elements of an array, as they stand in the text: for a few figures that are
/// read one by one, where building anything first would cost more than reading them.

#include <string_view>

#include "wire/json_scan.hpp"

namespace sluice::wire {

/// Calls `visit(name, raw)` for each member: the name decoded, the value with its quotes or brackets. False when
/// `object` isn't a JSON object and nothing else, or at the first visit that returns false. UTF-8 is not checked.
template <class Visit>
[[nodiscard]] bool each_member(std::string_view object, Visit visit) {
  JsonScan scan(object);
  if (!scan.take('{')) return false;
  scan.skip_blanks();
  if (scan.take('}')) return scan.at_end();
  for (;;) {
    JsonScan::String name;
    scan.skip_blanks();
    if (!scan.take_string(name)) return false;
    scan.skip_blanks();
    if (!scan.take(':')) return false;
    scan.skip_blanks();
    const auto begin = scan.at();
    if (!scan.take_value(1)) return false;
    const auto raw = object.substr(begin, scan.at() - begin);
    if (!(name.escaped ? visit(unescape_json(name.raw), raw) : visit(name.raw, raw))) return false;
    scan.skip_blanks();
    if (scan.take('}')) return scan.at_end();
    if (!scan.take(',')) return false;
  }
}

/// The same for an array: `visit(raw)`.
template <class Visit>
[[nodiscard]] bool each_element(std::string_view array, Visit visit) {
  JsonScan scan(array);
  if (!scan.take('[')) return false;
  scan.skip_blanks();
  if (scan.take(']')) return scan.at_end();
  for (;;) {
    scan.skip_blanks();
    const auto begin = scan.at();
    if (!scan.take_value(1) || !visit(array.substr(begin, scan.at() - begin))) return false;
    scan.skip_blanks();
    if (scan.take(']')) return scan.at_end();
    if (!scan.take(',')) return false;
  }
}

}  // namespace sluice::wire
