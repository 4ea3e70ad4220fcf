#pragma once
/// A pool that somebody has described. Pools come to be by being named, in accounts and keys; this adds what can be said of
/// one. As JSON: {"note": "", "limits": {...}, "budgets": {...}}. Pure.

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "admin/refusal.hpp"
#include "base/limits.hpp"
#include "store/objects.hpp"

namespace sluice::admin {

struct Pool {
  std::string id;
  std::string name;
  std::string note;
  Limits limits;  // of all that goes through it together
  std::vector<Budget> budgets;
};

[[nodiscard]] Outcome<void> apply_pool_fields(const boost::json::object& fields, Pool& pool);
/// All but the name.
[[nodiscard]] boost::json::object pool_document(const Pool& pool);
[[nodiscard]] Result<Pool> read_pool(const store::Object& object);

}  // namespace sluice::admin
