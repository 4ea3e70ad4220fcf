#include "admin/active_hours_document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/log.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;
using provider::ActiveHours;
using std::chrono::minutes;

constexpr std::array<std::string_view, 7> day_names = {"mon", "tue", "wed", "thu",
                                                       "fri", "sat", "sun"};
constexpr std::uint8_t every_day = 0x7f;

/// "09:30"; "24:00" ends a day.
std::optional<minutes> parse_time_of_day(std::string_view text) {
  const auto digit = [&](std::size_t at) { return text[at] - '0'; };
  if (text.size() != 5 || text[2] != ':') return {};
  for (const std::size_t at : {0U, 1U, 3U, 4U}) {
    if (text[at] < '0' || text[at] > '9') return {};
  }
  const int hour = digit(0) * 10 + digit(1);
  const int minute = digit(3) * 10 + digit(4);
  if (minute > 59 || hour > 24 || (hour == 24 && minute > 0)) return {};
  return minutes(hour * 60 + minute);
}

std::string time_of_day(minutes at) {
  return fmt::format("{:02}:{:02}", at.count() / 60, at.count() % 60);
}

void read_time_of_day(Fields& fields, std::string_view name, minutes& out) {
  std::string text = time_of_day(out);
  fields.text(name, text, 64, Lines::one, text);
  if (const auto time = parse_time_of_day(text)) {
    out = *time;
  } else {
    fields.fault(name, "must be a time of day such as \"09:30\"");
  }
}

void read_days(Fields& fields, std::uint8_t& days) {
  std::vector<std::string> names;
  fields.texts("days", names, {.count_max = 7, .bytes_max = 64});
  std::uint8_t out = 0;
  for (const std::string& name : names) {
    const auto* const day = std::find(day_names.begin(), day_names.end(), name);
    if (day == day_names.end()) {
      return fields.fault(
          "days", fmt::format("{} is none of {}", log::quoted(name), fmt::join(day_names, ", ")));
    }
    out = static_cast<std::uint8_t>(out | (1U << static_cast<unsigned>(day - day_names.begin())));
  }
  days = out == 0 ? every_day : out;
}

ActiveHours read_one(const json::object& object, Faults& faults, std::string path) {
  ActiveHours hours;
  Fields fields(object, faults, std::move(path));
  read_days(fields, hours.days);
  read_time_of_day(fields, "from", hours.from);
  read_time_of_day(fields, "to", hours.to);
  if (hours.from == hours.to || hours.from == minutes(24 * 60)) {
    fields.fault("to", "must differ from \"from\"; 00:00 to 24:00 is the whole day");
  }
  fields.refuse_unknown();
  return hours;
}

}  // namespace

void read_active_hours(Fields& fields, std::vector<ActiveHours>& hours) {
  const json::value* value = fields.find("active_hours");
  if (value == nullptr) return;
  std::vector<ActiveHours> list;
  if (!value->is_null()) {
    const json::array* given = value->if_array();
    if (given == nullptr || given->size() > active_hours_max) {
      return fields.fault("active_hours",
                          fmt::format("must be a list of at most {} objects", active_hours_max));
    }
    for (const json::value& element : *given) {
      const json::object* object = element.if_object();
      const std::string path = fmt::format("{}[{}]", fields.path("active_hours"), list.size());
      if (object == nullptr) {
        return fields.faults().add(
            path, "must be an object such as {\"from\": \"09:00\", \"to\": \"17:00\"}");
      }
      list.push_back(read_one(*object, fields.faults(), path));
    }
  }
  hours = std::move(list);
}

json::array active_hours_json(const std::vector<ActiveHours>& hours) {
  json::array out;
  for (const ActiveHours& one : hours) {
    json::array days;
    for (std::size_t i = 0; i < day_names.size() && one.days != every_day; ++i) {
      if ((one.days >> i & 1U) != 0) days.emplace_back(day_names[i]);
    }
    out.push_back(json::object{
        {"days", std::move(days)}, {"from", time_of_day(one.from)}, {"to", time_of_day(one.to)}});
  }
  return out;
}

}  // namespace sluice::admin
