#include "admin/fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include "base/log.hpp"
#include "base/names.hpp"
#include "store/storable_text.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;

/// C0, DEL, and C1 in its two bytes of UTF-8.
bool is_control_at(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte == 0xc2 && at + 1 < text.size()) return static_cast<unsigned char>(text[at + 1]) < 0xa0;
  return byte < 0x20 || byte == 0x7f;
}

}  // namespace

void Faults::add(std::string field, std::string message) {
  if (!first_) first_ = Refusal(Errc::invalid_request, std::move(field), std::move(message));
}

Outcome<void> Faults::outcome() const {
  if (first_) return std::unexpected(*first_);
  return {};
}

std::optional<std::string> text_fault(std::string_view text, std::size_t bytes_max, Lines lines) {
  if (text.size() > bytes_max) return fmt::format("must have at most {} bytes", bytes_max);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool layout = text[i] == '\n' || text[i] == '\t' || text[i] == '\r';
    if (is_control_at(text, i) && !(layout && lines == Lines::many)) {
      return "must not hold control characters";
    }
  }
  if (store::storable_text(text) != text) return "must be UTF-8";
  return {};
}

std::string Fields::path(std::string_view name) const {
  return prefix_.empty() ? std::string(name) : fmt::format("{}.{}", prefix_, name);
}

const json::value* Fields::find(std::string_view name) {
  known_.emplace_back(name);
  return object_.if_contains(name);
}

void Fields::fault(std::string_view name, std::string message) {
  faults_.add(path(name), std::move(message));
}

void Fields::name(std::string_view name, std::string& out) {
  const json::value* value = find(name);
  if (value == nullptr) return;
  const json::string* given = value->if_string();
  if (given == nullptr || !is_name(*given) || text_fault(*given, name_bytes_max)) {
    return fault(
        name, fmt::format("must be 1 to {} printable characters without quotes", name_bytes_max));
  }
  out = *given;
}

void Fields::text(std::string_view name, std::string& out, std::size_t bytes_max, Lines lines,
                  std::string_view fallback) {
  const json::value* value = find(name);
  if (value == nullptr) return;
  if (value->is_null()) {
    out = fallback;
    return;
  }
  const json::string* given = value->if_string();
  if (given == nullptr) return fault(name, "must be a text");
  if (auto wrong = text_fault(*given, bytes_max, lines)) return fault(name, *std::move(wrong));
  out = *given;
}

void Fields::integer(std::string_view name, std::int64_t& out, IntegerRange range) {
  const json::value* value = find(name);
  if (value == nullptr) return;
  if (value->is_null()) {
    out = range.fallback;
    return;
  }
  // A number past int64 is one past every maximum.
  const std::int64_t* given = value->if_int64();
  if (given == nullptr || *given < range.min || *given > range.max) {
    return fault(name, fmt::format("must be a whole number from {} to {}", range.min, range.max));
  }
  out = *given;
}

void Fields::boolean(std::string_view name, bool& out) {
  const json::value* value = find(name);
  if (value == nullptr) return;
  if (value->is_null()) {
    out = false;
    return;
  }
  if (!value->is_bool()) return fault(name, "must be true or false");
  out = value->get_bool();
}

void Fields::texts(std::string_view name, std::vector<std::string>& out, ListBounds bounds,
                   const std::vector<std::string>& fallback) {
  const json::value* value = find(name);
  if (value == nullptr) return;
  if (value->is_null()) {
    out = fallback;
    return;
  }
  const json::array* given = value->if_array();
  if (given == nullptr) return fault(name, "must be a list of texts");
  if (given->size() > bounds.count_max) {
    return fault(name, fmt::format("must have at most {} elements", bounds.count_max));
  }
  std::vector<std::string> list;
  for (const json::value& element : *given) {
    const json::string* text = element.if_string();
    if (text == nullptr) return fault(name, "must be a list of texts");
    if (text->empty() || *text == "!") return fault(name, "holds an empty text");
    if (auto wrong = text_fault(*text, bounds.bytes_max)) {
      return fault(name, fmt::format("holds a text that {}", *wrong));
    }
    list.emplace_back(*text);
  }
  out = std::move(list);
}

void Fields::names(std::string_view name, std::vector<std::string>& out, std::size_t count_max,
                   const std::vector<std::string>& fallback) {
  std::vector<std::string> list = out;
  texts(name, list, {.count_max = count_max, .bytes_max = name_bytes_max}, fallback);
  const auto bad = std::find_if_not(list.begin(), list.end(),
                                    [](const std::string& element) { return is_name(element); });
  if (bad != list.end()) {
    return fault(name, fmt::format("holds {}, which is no name: 1 to {} printable characters "
                                   "without quotes",
                                   log::quoted(*bad), name_bytes_max));
  }
  out = std::move(list);
}

void Fields::object(std::string_view name, const std::function<void(Fields&)>& read,
                    const std::function<void()>& reset) {
  const json::value* value = find(name);
  if (value == nullptr) return;
  if (value->is_null()) return reset();
  const json::object* given = value->if_object();
  if (given == nullptr) return fault(name, "must be an object: { \"name\": value }");
  Fields inner(*given, faults_, path(name));
  read(inner);
}

void Fields::each_name(const std::function<void(std::string_view name)>& read) const {
  for (const auto& member : object_) read(member.key());
}

void Fields::refuse_unknown() {
  for (const auto& member : object_) {
    const std::string_view given = member.key();
    if (std::find(known_.begin(), known_.end(), given) != known_.end()) continue;
    // A field that is far too long is not said back.
    const std::string shown(given.substr(0, name_bytes_max));
    const bool sayable = !text_fault(shown, name_bytes_max);
    faults_.add(sayable ? path(shown) : prefix_,
                fmt::format("unknown field {}{}", log::quoted(shown), did_you_mean(shown, known_)));
    return;
  }
}

}  // namespace sluice::admin
