#pragma once
/// The two files of the set-up link, `/setup` and `/setup.js`: the least that a browser needs to create the first user.

#include <string_view>

#include "admin/admin_api.hpp"

namespace sluice::admin {

[[nodiscard]] bool is_page(std::string_view path);
[[nodiscard]] ApiResponse page(std::string_view path, bool tls);

}  // namespace sluice::admin
