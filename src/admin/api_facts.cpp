// What is looked at and not managed: the audit log, the settings, the program's health.

#include <algorithm>
#include <boost/json/array.hpp>

#include "admin/api_call.hpp"
#include "admin/audit_view.hpp"
#include "store/audit.hpp"

namespace sluice::admin::handlers {
namespace json = boost::json;

Outcome<json::object> show_audit(ApiCall& call) {
  CHECK_OK(only_parameters(call, {"limit", "cursor", "kind", "object", "actor"}));
  store::AuditQuery query;
  TRY(std::size_t limit, limit_parameter(call));
  limit = std::min<std::size_t>(limit, 999);
  query.limit =
      limit + 1;  // one more tells whether there is another page; a query gives 1000 at most
  query.before_id = parameter(call, "cursor");
  query.kind = parameter(call, "kind");
  query.object = parameter(call, "object");
  query.actor = parameter(call, "actor");
  using Entries = std::vector<store::AuditEntry>;
  TRY(Entries entries, call.database.read<Entries>([&](store::Transaction& transaction) {
    return Result<Entries>(store::Audit(transaction).page(query));
  }));
  const bool more = entries.size() > limit;
  if (more) entries.resize(limit);
  json::array items;
  for (const store::AuditEntry& entry : entries) items.emplace_back(audit_view(entry));
  return json::object{{"items", std::move(items)},
                      {"next_cursor", more ? json::value(entries.back().id) : json::value()}};
}

Outcome<json::object> show_settings(ApiCall& call) {
  CHECK_OK(only_parameters(call, {}));
  return call.facts.settings();
}

Outcome<json::object> show_health(ApiCall& call) {
  CHECK_OK(only_parameters(call, {}));
  return call.facts.health();
}

}  // namespace sluice::admin::handlers
