#include "admin/portable_fields.hpp"

#include <fmt/format.h>

#include "admin/crs_import_record.hpp"
#include "identity/key_grammar.hpp"

namespace sluice::admin {

namespace json = boost::json;

std::unexpected<Refusal> PortableFields::refused(std::string_view name, std::string what) const {
  std::string field = where_.empty() ? std::string(name) : fmt::format("{}.{}", where_, name);
  std::string message = whom_.empty() ? fmt::format("{} {}", field, what)
                                      : fmt::format("{}: {} {}", whom_, field, what);
  return refuse_field(std::move(field), std::move(message));
}

const json::value* PortableFields::find(std::string_view name) {
  asked_.emplace(name);
  const json::value* const value = fields_.if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

Outcome<std::string> PortableFields::text(std::string_view name) {
  const json::value* const value = find(name);
  if (value == nullptr || !value->is_string() || value->get_string().empty()) {
    return refused(name, "must be a text");
  }
  return std::string(value->get_string());
}

Outcome<std::string> PortableFields::text_or_nothing(std::string_view name) {
  const json::value* const value = find(name);
  if (value == nullptr) return std::string();
  if (!value->is_string()) return refused(name, "must be a text");
  return std::string(value->get_string());
}

Outcome<std::int64_t> PortableFields::number(std::string_view name) {
  const json::value* const value = find(name);
  if (value == nullptr || !value->is_int64()) return refused(name, "must be a whole number");
  return value->get_int64();
}

Outcome<WallTime> PortableFields::time(std::string_view name) {
  TRY(const auto time, time_or_nothing(name));
  if (!time) return refused(name, "is missing");
  return *time;
}

Outcome<std::optional<WallTime>> PortableFields::time_or_nothing(std::string_view name) {
  const json::value* const value = find(name);
  if (value == nullptr) return std::optional<WallTime>();
  if (value->is_string()) {
    if (const auto time = identity::parse_rfc3339(std::string_view(value->get_string())))
      return time;
  }
  return refused(name, "must be a time such as \"2027-01-31T00:00:00Z\"");
}

Outcome<json::object> PortableFields::object(std::string_view name) {
  const json::value* const value = find(name);
  if (value == nullptr || !value->is_object()) return refused(name, "must be an object");
  return value->get_object();
}

Outcome<json::array> PortableFields::list_or_nothing(std::string_view name) {
  const json::value* const value = find(name);
  if (value == nullptr) return json::array();
  if (!value->is_array()) return refused(name, "must be a list");
  return value->get_array();
}

Outcome<std::vector<std::string>> PortableFields::texts_or_nothing(std::string_view name) {
  TRY(const json::array list, list_or_nothing(name));
  std::vector<std::string> out;
  for (const json::value& item : list) {
    if (!item.is_string() || item.get_string().empty())
      return refused(name, "must be a list of texts");
    out.emplace_back(item.get_string());
  }
  return out;
}

Outcome<void> PortableFields::no_others() const {
  for (const auto& [name, value] : fields_) {
    if (!asked_.contains(name)) {
      return refused(name_from(name, "?"),
                     "is unknown: the file is of a newer sluice, or was altered");
    }
  }
  return {};
}

}  // namespace sluice::admin
