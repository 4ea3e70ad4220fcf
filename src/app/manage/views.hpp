#pragma once
/// What Management shows of an object, as text for people.

#include <span>
#include <string>
#include <vector>

#include "admin/management.hpp"
#include "app/manage/text_table.hpp"

namespace sluice::app::manage {

/// A line each.
[[nodiscard]] std::string list_of_views(admin::Kind kind, const std::vector<admin::View>& views,
                                        WallTime now, const TextStyle& style);
/// Everything of one, a line for each field.
[[nodiscard]] std::string view_text(const admin::View& view, WallTime now, const TextStyle& style);

}  // namespace sluice::app::manage
