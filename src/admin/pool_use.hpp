#pragma once
/// Which pools there are: those that accounts and keys name, in the store and in the file.

#include <cstddef>
#include <map>
#include <string>

#include "admin/pool_document.hpp"
#include "admin/subject.hpp"

namespace sluice::admin {

struct PoolUse {
  std::size_t accounts = 0;
  std::size_t keys = 0;
};

/// By name. Reads every account and key.
[[nodiscard]] std::map<std::string, PoolUse> pool_use(const Desk& desk);

/// `note`, `limits`, `budgets`, `implicit`, `accounts`, `keys`.
[[nodiscard]] View pool_fields(const Pool& pool, const PoolUse& use);
/// Of a pool that is named and not described: a whole view.
[[nodiscard]] View implicit_pool_view(const std::string& name, const PoolUse& use);

}  // namespace sluice::admin
