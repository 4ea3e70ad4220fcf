#include "admin/pool_document.hpp"

#include "admin/document.hpp"
#include "admin/fields.hpp"
#include "admin/limits_document.hpp"

namespace sluice::admin {

namespace json = boost::json;

Outcome<void> apply_pool_fields(const json::object& object, Pool& pool) {
  Faults faults;
  Fields fields(object, faults);
  fields.name("name", pool.name);
  fields.text("note", pool.note, note_bytes_max, Lines::many);
  read_limits(fields, pool.limits, Concurrency::here);
  read_budgets(fields, pool.budgets);
  fields.refuse_unknown();
  return faults.outcome();
}

json::object pool_document(const Pool& pool) {
  json::object out;
  out["note"] = pool.note;
  out["limits"] = limits_json(pool.limits, Concurrency::here);
  out["budgets"] = budgets_json(pool.budgets);
  return out;
}

Result<Pool> read_pool(const store::Object& object) {
  Pool pool;
  pool.id = object.id;
  pool.name = object.name;
  CHECK_OK(read_document(store::Kind::pool, object, [&](const json::object& document) {
    return apply_pool_fields(document, pool);
  }));
  return pool;
}

}  // namespace sluice::admin
