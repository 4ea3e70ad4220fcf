/// `sluice audit list`.

#include <fmt/format.h>

#include <array>
#include <boost/json/array.hpp>
#include <charconv>

#include "admin/audit_view.hpp"
#include "app/manage/terminal.hpp"
#include "app/manage/verbs.hpp"
#include "app/manage/words.hpp"
#include "identity/key_grammar.hpp"
#include "store/audit.hpp"

namespace sluice::app::manage {
namespace {

namespace json = boost::json;

constexpr std::size_t page_max = 1000;

/// "priority: 10 -> 5, note: -> nights": the fields that an update changed.
std::string changes(const store::AuditEntry& entry) {
  const json::value before = admin::audited_document(entry.before);
  const json::value after = admin::audited_document(entry.after);
  if (!before.is_object() || !after.is_object()) return {};
  std::string out;
  for (const auto& member : after.get_object()) {
    const std::string name(member.key().data(), member.key().size());
    if (name == "version" || name == "updated") continue;
    const std::string was = text_at(before.get_object(), name);
    const std::string is = value_text(member.value());
    if (was == is) continue;
    if (!out.empty()) out += ", ";
    out += fmt::format("{}: {} -> {}", name, was.empty() ? "-" : was, is.empty() ? "-" : is);
  }
  return out;
}

std::vector<Cell> row_of(const store::AuditEntry& entry, WallTime now) {
  const std::string who = entry.actor_name.empty() ? entry.actor : entry.actor_name;
  const std::string what =
      entry.kind.empty() ? entry.object_name : fmt::format("{} {}", entry.kind, entry.object_name);
  return {{identity::rfc3339_text(entry.at)},
          {relative_time(entry.at, now), Tone::faint},
          {who},
          {entry.action},
          {what},
          {changes(entry)}};
}

/// The id that `--object` means.
Tried<std::string> object_of(Desk& desk, const Invocation& invocation) {
  const std::string given = invocation.value("--object");
  const std::string kind = invocation.value("--kind");
  if (given.empty() || kind.empty()) return given;
  for (const auto candidate : {store::Kind::account, store::Kind::pool, store::Kind::key,
                               store::Kind::user, store::Kind::token}) {
    if (store::to_string(candidate) != kind) continue;
    const auto view = desk.management->get(desk.actor, candidate, given);
    if (!view) return std::unexpected(failure_of(view.error(), invocation));
    return text_at(*view, "id");
  }
  return given;
}

}  // namespace

Done list_audit(Desk& desk, const Invocation& invocation) {
  store::AuditQuery query;
  query.kind = invocation.value("--kind");
  query.actor = invocation.value("--actor");
  TRY(query.object, object_of(desk, invocation));
  std::size_t wanted = SIZE_MAX;
  const std::string last = invocation.value("--last");
  if (!last.empty()) {
    const auto end = std::from_chars(last.data(), last.data() + last.size(), wanted);
    if (end.ec != std::errc() || wanted == 0) return wrong_usage_of("--last: must be at least 1");
  }
  std::vector<store::AuditEntry> entries;
  while (entries.size() < wanted) {
    query.limit = std::min(page_max, wanted - entries.size());
    query.before_id = entries.empty() ? std::string() : entries.back().id;
    auto page = desk.database->read<std::vector<store::AuditEntry>>(
        [&](store::Transaction& transaction) -> Result<std::vector<store::AuditEntry>> {
          return store::Audit(transaction).page(query);
        });
    if (!page) return std::unexpected(failure_of(page.error()));
    const bool full = page->size() == query.limit;
    for (store::AuditEntry& entry : *page) entries.push_back(std::move(entry));
    if (!full) break;
  }
  if (invocation.json) {
    json::array out;
    for (const store::AuditEntry& entry : entries) out.emplace_back(admin::audit_view(entry));
    print_json(out);
    return {};
  }
  constexpr std::array<std::string_view, 6> titles = {"TIME",   "",     "WHO",
                                                      "ACTION", "WHAT", "CHANGES"};
  std::vector<std::vector<Cell>> rows;
  for (const store::AuditEntry& entry : entries)
    rows.push_back(row_of(entry, desk.clock.wall_now()));
  if (rows.empty()) {
    print(fmt::format("nothing in the audit log of {}", desk.database->location()));
  } else {
    print(table_text(titles, rows, output_style()));
  }
  return {};
}

}  // namespace sluice::app::manage
