#include "app/manage/words.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace sluice::app::manage {
namespace {

std::string_view view_of(const boost::json::string& text) { return {text.data(), text.size()}; }

}  // namespace

std::string relative_time(WallTime time, WallTime now) {
  using namespace std::chrono;
  const bool past = time <= now;
  const auto distance = duration_cast<seconds>(past ? now - time : time - now);
  std::string amount;
  if (distance < seconds(10)) return past ? "just now" : "in a moment";
  if (distance < minutes(2)) {
    amount = fmt::format("{} s", distance.count());
  } else if (distance < hours(2)) {
    amount = fmt::format("{} min", duration_cast<minutes>(distance).count());
  } else if (distance < days(2)) {
    amount = fmt::format("{} h", duration_cast<hours>(distance).count());
  } else if (distance < days(730)) {
    amount = fmt::format("{} d", duration_cast<days>(distance).count());
  } else {
    amount = fmt::format("{} years", duration_cast<days>(distance).count() / 365);
  }
  return past ? amount + " ago" : "in " + amount;
}

std::string value_text(const boost::json::value& value) {
  std::string out;
  switch (value.kind()) {
    case boost::json::kind::null: return {};
    case boost::json::kind::bool_: return value.get_bool() ? "yes" : "no";
    case boost::json::kind::string: return std::string(view_of(value.get_string()));
    case boost::json::kind::array:
      for (const auto& element : value.get_array()) {
        if (!out.empty()) out += ", ";
        out += value_text(element);
      }
      return out;
    case boost::json::kind::object:
      for (const auto& member : value.get_object()) {
        const std::string text = value_text(member.value());
        if (text.empty()) continue;
        if (!out.empty()) out += ", ";
        out +=
            fmt::format("{}={}", std::string_view(member.key().data(), member.key().size()), text);
      }
      return out;
    case boost::json::kind::double_: return fmt::format("{}", value.get_double());
    case boost::json::kind::int64:
    case boost::json::kind::uint64: return boost::json::serialize(value);
  }
  return {};
}

const boost::json::value& value_at(const boost::json::object& object, std::string_view path) {
  static const boost::json::value nothing;
  const boost::json::object* at = &object;
  for (;;) {
    const auto dot = std::min(path.find('.'), path.size());
    const boost::json::value* found = at->if_contains(boost::json::string_view(path.data(), dot));
    if (found == nullptr) return nothing;
    if (dot == path.size()) return *found;
    at = found->if_object();
    if (at == nullptr) return nothing;
    path.remove_prefix(dot + 1);
  }
}

std::string text_at(const boost::json::object& object, std::string_view path) {
  return value_text(value_at(object, path));
}

}  // namespace sluice::app::manage
