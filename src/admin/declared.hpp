#pragma once
/// What the configuration file says, as people see it: an id "declared:NAME", version 0, no times, and no change.

#include <optional>
#include <string_view>

#include "admin/subject.hpp"

namespace sluice::admin {

/// Views of the accounts or keys of the file whose name contains `text` (ASCII case ignored).
[[nodiscard]] std::vector<View> declared_views(const Desk& desk, Kind kind, std::string_view text);
/// By id or name.
[[nodiscard]] std::optional<View> find_declared(const Desk& desk, Kind kind,
                                                std::string_view which);
[[nodiscard]] const provider::AccountSettings* find_declared_account(const Declared& declared,
                                                                     std::string_view which);
[[nodiscard]] bool is_declared(const Declared& declared, Kind kind, std::string_view which);
/// Errors  already_exists.
[[nodiscard]] Outcome<void> refuse_declared(const Declared& declared, Kind kind,
                                            std::string_view which, std::string_view field);

}  // namespace sluice::admin
