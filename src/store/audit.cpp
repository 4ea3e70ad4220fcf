#include "store/audit.hpp"

#include <algorithm>

#include "store/statement.hpp"

namespace sluice::store {

namespace {

constexpr std::string_view columns =
    "id, at, actor, actor_name, peer, action, kind, object, object_name, state_before, state_after";

AuditEntry entry_of(const Row& row) {
  return {.id = row.text("id"),
          .at = row.time("at"),
          .actor = row.text("actor"),
          .actor_name = row.text("actor_name"),
          .peer = row.text("peer"),
          .action = row.text("action"),
          .kind = row.text("kind"),
          .object = row.text("object"),
          .object_name = row.text("object_name"),
          .before = row.text("state_before"),
          .after = row.text("state_after")};
}

}  // namespace

void Audit::write(const AuditEntry& entry) {
  Statement(transaction_, std::string("INSERT INTO audit (")
                              .append(columns)
                              .append(") VALUES (:id, :at, :actor, :actor_name, :peer, :action, "
                                      ":kind, :object, :object_name, "
                                      ":state_before, :state_after)"))
      .text("id", entry.id)
      .time("at", entry.at)
      .text("actor", entry.actor)
      .text("actor_name", entry.actor_name)
      .text("peer", entry.peer)
      .text("action", entry.action)
      .text("kind", entry.kind)
      .text("object", entry.object)
      .text("object_name", entry.object_name)
      .text("state_before", entry.before)
      .text("state_after", entry.after)
      .run();
}

std::vector<AuditEntry> Audit::page(const AuditQuery& query) {
  struct Condition {
    const char* sql;
    const char* name;
    const std::string& value;
  };
  const Condition conditions[] = {{" AND id < :before_id", "before_id", query.before_id},
                                  {" AND kind = :kind", "kind", query.kind},
                                  {" AND object = :object", "object", query.object},
                                  {" AND actor = :actor", "actor", query.actor}};
  std::string sql = std::string("SELECT ").append(columns).append(" FROM audit WHERE 1 = 1");
  for (const Condition& condition : conditions) {
    if (!condition.value.empty()) sql += condition.sql;
  }
  Statement statement(transaction_, sql + " ORDER BY id DESC LIMIT :limit");
  for (const Condition& condition : conditions) {
    if (!condition.value.empty()) statement.text(condition.name, condition.value);
  }
  statement.number("limit",
                   static_cast<std::int64_t>(std::clamp<std::size_t>(query.limit, 1, 1000)));
  return collect(statement, entry_of);
}

}  // namespace sluice::store
