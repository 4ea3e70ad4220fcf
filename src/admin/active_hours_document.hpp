#pragma once
/// When an account is active, as JSON: [{"days": ["mon", "tue"], "from": "22:00", "to": "06:00"}]. No days: every day.

#include <boost/json/array.hpp>
#include <vector>

#include "admin/fields.hpp"
#include "provider/account_settings.hpp"

namespace sluice::admin {

inline constexpr std::size_t active_hours_max = 32;

/// The field "active_hours".
void read_active_hours(Fields& fields, std::vector<provider::ActiveHours>& hours);
[[nodiscard]] boost::json::array active_hours_json(const std::vector<provider::ActiveHours>& hours);

}  // namespace sluice::admin
