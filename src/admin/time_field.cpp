#include "admin/time_field.hpp"

#include "identity/key_grammar.hpp"

namespace sluice::admin {

void read_time(Fields& fields, std::string_view name, std::optional<WallTime>& out) {
  std::string text = time_text(out);
  fields.text(name, text, 64);
  if (text.empty()) {
    out.reset();
  } else if (const auto time = identity::parse_rfc3339(text)) {
    out = time;
  } else {
    fields.fault(name, "must be a time such as \"2027-01-31T00:00:00Z\", or empty for none");
  }
}

std::string time_text(std::optional<WallTime> time) {
  return time ? identity::rfc3339_text(*time) : std::string();
}

}  // namespace sluice::admin
