#include "admin/crs_import_record.hpp"

#include <fmt/format.h>
#include <boost/json/parse.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "admin/fields.hpp"
#include "base/ascii.hpp"
#include "base/names.hpp"
#include "identity/key_grammar.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

std::optional<json::value> parse_text(std::string_view text) {
  json::parse_options options;
  options.max_depth = 16;
  boost::system::error_code failed;
  json::value value = json::parse(text, failed, {}, options);
  if (failed) return {};
  return value;
}

std::optional<double> number_of(const json::value& value) {
  if (value.is_int64()) return static_cast<double>(value.get_int64());
  if (value.is_uint64()) return static_cast<double>(value.get_uint64());
  if (value.is_double()) return value.get_double();
  if (!value.is_string()) return {};
  const std::string_view text = ascii::trim(view(value.get_string()));
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

/// `text` (UTF-8, as all that JSON held) without control characters, those of `without` and the blanks around it, cut to `bytes_max`.
std::string printable(std::string_view text, std::size_t bytes_max, std::string_view without) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    if (byte == 0xc2 && next < 0xa0) {  // C1
      ++i;
    } else if (byte < 0x20) {
      if (text[i] == '\n' || text[i] == '\t') out.push_back(' ');
    } else if (byte != 0x7f && without.find(text[i]) == std::string_view::npos) {
      out.push_back(text[i]);
    }
  }
  out = std::string(ascii::trim(out));
  if (out.size() > bytes_max) {
    std::size_t end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xc0) == 0x80) --end;
    out = std::string(ascii::trim(std::string_view(out).substr(0, end)));
  }
  return out;
}

bool is_nothing(const json::value& value) {
  return value.is_null() || (value.is_string() && value.get_string().empty());
}

}  // namespace

const json::value* CrsRecord::find(std::string_view name) {
  asked_.emplace(name);
  const json::value* const value = record_.if_contains(name);
  return value == nullptr || is_nothing(*value) ? nullptr : value;
}

void CrsRecord::remark(std::string_view name, std::string_view expected) {
  remarks_.push_back(fmt::format("{} is not {} and was passed over", name, expected));
}

bool CrsRecord::has(std::string_view name) { return find(name) != nullptr; }

std::string CrsRecord::text(std::string_view name) {
  const json::value* const value = find(name);
  if (value == nullptr) return {};
  if (!value->is_string() || value->get_string().size() > text_bytes_max) {
    remark(name, fmt::format("a text of at most {} bytes", text_bytes_max));
    return {};
  }
  return std::string(view(value->get_string()));
}

bool CrsRecord::flag(std::string_view name, bool otherwise) {
  const json::value* const value = find(name);
  if (value == nullptr) return otherwise;
  if (value->is_bool()) return value->get_bool();
  if (value->is_string() && view(value->get_string()) == "true") return true;
  if (value->is_string() && view(value->get_string()) == "false") return false;
  remark(name, "true or false");
  return otherwise;
}

std::int64_t CrsRecord::whole_number(std::string_view name) {
  const json::value* const value = find(name);
  if (value == nullptr) return 0;
  const auto number = number_of(*value);
  if (number && std::isfinite(*number) && *number >= 0 && *number <= 1e15) {
    return static_cast<std::int64_t>(*number);
  }
  remark(name, "a number from 0 on");
  return 0;
}

std::string CrsRecord::amount(std::string_view name) {
  const json::value* const value = find(name);
  if (value == nullptr) return {};
  const auto number = number_of(*value);
  if (number && *number == 0) return {};
  if (number && *number > 0 && *number < 1e9) {
    // CRS adds up doubles; beyond a billionth of a dollar they say nothing.
    std::string text = fmt::format("{:.9f}", *number);
    while (text.ends_with('0')) text.pop_back();
    if (text.ends_with('.')) text.pop_back();
    if (text != "0") return text;
  }
  remark(name, "an amount of dollars");
  return {};
}

std::optional<WallTime> CrsRecord::time(std::string_view name) {
  const json::value* const value = find(name);
  if (value == nullptr) return {};
  if (value->is_string()) {
    if (const auto time = identity::parse_rfc3339(view(value->get_string()))) return time;
  }
  remark(name, "a time such as 2026-01-31T00:00:00.000Z");
  return {};
}

json::value CrsRecord::any(std::string_view name) {
  const json::value* const value = find(name);
  if (value == nullptr) return nullptr;
  if (!value->is_string()) return *value;
  const std::string_view text = view(value->get_string());
  if (!text.starts_with('[') && !text.starts_with('{')) return *value;
  if (text.size() > text_bytes_max) return nullptr;
  return parse_text(text).value_or(*value);
}

std::vector<std::string> CrsRecord::texts(std::string_view name) {
  const json::value value = any(name);
  if (value.is_null()) return {};
  std::vector<std::string> out;
  const json::array* const list = value.if_array();
  const bool fits = list != nullptr && list->size() <= list_items_max &&
                    std::all_of(list->begin(), list->end(), [](const json::value& item) {
                      return item.is_string() && item.get_string().size() <= text_bytes_max;
                    });
  if (!fits) {
    remark(name, fmt::format("a list of at most {} texts", list_items_max));
    return {};
  }
  for (const json::value& item : *list) {
    const std::string_view text = ascii::trim(view(item.get_string()));
    if (!text.empty()) out.emplace_back(text);
  }
  return out;
}

std::optional<json::object> CrsRecord::object(std::string_view name) {
  const json::value value = any(name);
  if (value.is_null()) return {};
  if (const json::object* const object = value.if_object()) return *object;
  remark(name, "an object");
  return {};
}

void CrsRecord::pass_over(std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) asked_.emplace(name);
}

void CrsRecord::tell_unknown(std::string_view section, std::set<std::string>& unknown) const {
  constexpr std::size_t unknown_max = 200;
  constexpr std::size_t name_max = 80;
  for (const auto& [name, value] : record_) {
    if (asked_.contains(name) || unknown.size() >= unknown_max) continue;
    unknown.insert(
        fmt::format("{}.{}", section, name_from(std::string_view(name).substr(0, name_max), "?")));
  }
}

bool is_redacted(std::string_view text) {
  return text.find("[REDACTED]") != std::string_view::npos ||
         (!text.empty() && text.find_first_not_of('*') == std::string_view::npos);
}

std::string name_from(std::string_view text, std::string_view otherwise) {
  std::string out = printable(text, name_bytes_max, "\"'\\");
  return is_name(out) ? out : std::string(otherwise);
}

std::string note_from(std::string_view text) {
  constexpr std::size_t room_for_more = 200;  // what an import adds
  return printable(text, note_bytes_max - room_for_more, "");
}

}  // namespace sluice::admin
