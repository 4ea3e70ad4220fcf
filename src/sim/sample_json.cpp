#include "sim/sample_json.hpp"

#include <boost/json.hpp>

#include "sim/text.hpp"

namespace sluice::sim {
namespace {

namespace json = boost::json;

constexpr int depth_max = 6;

std::string_view type_of(const json::object& schema) {
  const json::value* type = schema.if_contains("type");
  if (type == nullptr) return schema.contains("properties") ? "object" : "string";
  // A list of types: the first that isn't null.
  if (const json::array* types = type->if_array()) {
    for (const json::value& one : *types) {
      if (one.is_string() && one.get_string() != "null") type = &one;
    }
  }
  return type->is_string() ? std::string_view(type->get_string().data(), type->get_string().size())
                           : "string";
}

std::string words(SeededRandom& random) {
  std::string text;
  const std::uint64_t count = 1 + random.below(5);
  for (std::uint64_t i = 0; i < count; ++i) append_token(random, text);
  return text;
}

json::value sample(const json::value& value, SeededRandom& random, int depth) {
  const json::object* schema = value.if_object();
  if (schema == nullptr || depth > depth_max) return nullptr;
  if (const json::value* fixed = schema->if_contains("const")) return *fixed;
  if (const json::value* choices = schema->if_contains("enum");
      choices != nullptr && choices->is_array()) {
    const json::array& array = choices->get_array();
    if (!array.empty()) return array[random.below(array.size())];
  }
  for (const char* any : {"anyOf", "oneOf"}) {
    const json::value* choices = schema->if_contains(any);
    if (choices != nullptr && choices->is_array() && !choices->get_array().empty()) {
      return sample(choices->get_array()[0], random, depth + 1);
    }
  }
  const std::string_view type = type_of(*schema);
  if (type == "object") {
    json::object object;
    const json::value* properties = schema->if_contains("properties");
    if (properties != nullptr && properties->is_object()) {
      for (const auto& [name, property] : properties->get_object()) {
        object[name] = sample(property, random, depth + 1);
      }
    }
    return object;
  }
  if (type == "array") {
    json::array array;
    const std::uint64_t count = 1 + random.below(2);
    const json::value* items = schema->if_contains("items");
    for (std::uint64_t i = 0; i < count && items != nullptr; ++i)
      array.push_back(sample(*items, random, depth + 1));
    return array;
  }
  if (type == "integer") return static_cast<std::int64_t>(random.below(100));
  if (type == "number") return static_cast<double>(random.below(1000)) / 8;
  if (type == "boolean") return random.below(2) == 1;
  if (type == "null") return nullptr;
  return json::value(words(random));
}

}  // namespace

std::string sample_json(const json::value& schema, SeededRandom& random) {
  const json::value value = sample(schema, random, 0);
  return value.is_object() ? json::serialize(value) : "{}";
}

}  // namespace sluice::sim
