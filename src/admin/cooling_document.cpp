#include "admin/cooling_document.hpp"

#include <boost/json/value.hpp>

namespace sluice::admin {
namespace {

constexpr std::size_t length_bytes_max = 16;

void read_rule(Fields& given, std::string_view name, std::optional<Milliseconds>& out) {
  const boost::json::value* value = given.find(name);
  if (value == nullptr) return;
  if (value->is_null()) {
    out.reset();
    return;
  }
  std::string text;
  given.text(name, text, length_bytes_max);
  const auto length = parse_rest_length(text);
  if (!length) {
    return given.fault(name, "must be a time such as \"30s\" (s, m, h, d; at most 31d), or \"0\"");
  }
  out = length;
}

}  // namespace

void read_cooling(Fields& fields, RestOverrides& cooling) {
  const auto read = [&](Fields& given) {
    for (std::size_t i = 0; i < rest_rules; ++i) read_rule(given, rest_rule_names[i], cooling[i]);
    given.refuse_unknown();
  };
  fields.object("cooling", read, [&] { cooling = {}; });
}

boost::json::object cooling_json(const RestOverrides& cooling) {
  boost::json::object out;
  for (std::size_t i = 0; i < rest_rules; ++i) {
    if (cooling[i]) out[rest_rule_names[i]] = rest_length_text(*cooling[i]);
  }
  return out;
}

}  // namespace sluice::admin
