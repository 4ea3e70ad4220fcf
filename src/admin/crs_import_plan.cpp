#include "admin/crs_import_plan.hpp"

#include <fmt/format.h>
#include <boost/json/array.hpp>

#include "admin/crs_import_record.hpp"
#include "base/names.hpp"

namespace sluice::admin {

namespace json = boost::json;

std::string CrsPlan::unique_name(std::string_view kind, std::string wanted) {
  auto& taken = names_[std::string(kind)];
  std::string name = wanted;
  for (int number = 2; !taken.insert(name).second; ++number) {
    const std::string tail = fmt::format("-{}", number);
    name = name_from(wanted.substr(0, name_bytes_max - tail.size()), "x") + tail;
  }
  return name;
}

std::string CrsPlan::pool_of_account(const std::string& name) {
  const auto [known, fresh] = pools_of_accounts_.try_emplace(name);
  if (fresh) {
    known->second = unique_name("pool", name_from("only " + name, "only"));
    pools[known->second] = fmt::format("the account {} alone", name);
  }
  return known->second;
}

std::vector<const json::object*> crs_records(const json::object& data, std::string_view section,
                                             CrsReport& report) {
  std::vector<const json::object*> out;
  const json::value* const value = data.if_contains(section);
  if (value == nullptr || value->is_null()) return out;
  const json::array* const list = value->if_array();
  if (list == nullptr) {
    report.notes.push_back(fmt::format("data.{} is no list and was passed over", section));
    return out;
  }
  std::size_t others = 0;
  for (const json::value& item : *list) {
    if (const json::object* const object = item.if_object()) {
      out.push_back(object);
    } else {
      ++others;
    }
  }
  if (others > 0) {
    report.notes.push_back(
        fmt::format("data.{}: {} entries are no objects and were passed over", section, others));
  }
  return out;
}

void plan_crs_groups(const json::object& data, CrsPlan& plan) {
  for (const json::object* fields : crs_records(data, "accountGroups", plan.report)) {
    std::vector<std::string> remarks;
    CrsRecord record(*fields, remarks);
    const std::string id = record.text("id");
    const std::string name =
        plan.unique_name("pool", name_from(record.text("name"), "group " + id.substr(0, 8)));
    std::vector<std::string> members = record.texts("members");
    for (std::string& member : record.texts("memberIds")) members.push_back(std::move(member));
    plan.pools[name] = note_from(record.text("description"));
    if (!id.empty()) plan.groups[id] = name;
    for (const std::string& member : members) plan.grouped.emplace(member, name);
    if (members.empty()) {
      remarks.emplace_back(
          "its members aren't in the file: put accounts into it (account set --pool)");
    }
    if (record.has("proxy"))
      remarks.emplace_back("a proxy of a group is not carried: set it on the accounts");
    record.pass_over({"platform", "proxyPriority", "createdAt", "updatedAt", "memberCount"});
    record.tell_unknown("accountGroups", plan.unknown);
    const auto carried = remarks.empty() ? CrsReport::Carried::whole : CrsReport::Carried::in_part;
    plan.report.lines.push_back(
        {"pool", name, "accountGroups " + name_from(id, "?"), carried, false, std::move(remarks)});
  }
}

void plan_crs_people(const json::object& data, CrsPlan& plan) {
  for (const json::object* fields : crs_records(data, "admins", plan.report)) {
    std::vector<std::string> remarks;
    CrsRecord record(*fields, remarks);
    const std::string name = name_from(record.text("username"), "unnamed");
    plan.report.lines.push_back(
        {"admin",
         name,
         "admins " + name_from(record.text("id"), "?"),
         CrsReport::Carried::not_at_all,
         false,
         {"its password is a bcrypt hash, which sluice doesn't take: sluice user add"}});
  }
  for (const json::object* fields : crs_records(data, "users", plan.report)) {
    std::vector<std::string> remarks;
    CrsRecord record(*fields, remarks);
    const std::string name = name_from(record.text("username"), "");
    const bool active = record.flag("isActive", true) && !record.has("deletedAt");
    if (!name.empty() && (active || plan.users.contains(name))) {
      plan.users[name] = active;  // keys of one who is switched off aren't served, here as there
      continue;
    }
    plan.report.lines.push_back(
        {"user",
         name.empty() ? "unnamed" : name,
         "users " + name_from(record.text("id"), "?"),
         CrsReport::Carried::not_at_all,
         false,
         {name.empty() ? "it has no name" : "it is switched off there and owns no key"}});
  }
}

}  // namespace sluice::admin
