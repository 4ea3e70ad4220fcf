#include "admin/role_field.hpp"

#include <fmt/format.h>

#include "base/names.hpp"

namespace sluice::admin {

void read_role(Fields& fields, identity::Role& role) {
  std::string text(identity::to_string(role));
  fields.text("role", text, name_bytes_max, Lines::one,
              identity::to_string(identity::Role::viewer));
  if (const auto parsed = identity::parse_role(text)) {
    role = *parsed;
    return;
  }
  std::vector<std::string> names;
  for (const identity::Role known : identity::all_roles) names.emplace_back(to_string(known));
  fields.fault("role", fmt::format("must be one of {}{}", fmt::join(names, ", "),
                                   did_you_mean(text, names)));
}

}  // namespace sluice::admin
