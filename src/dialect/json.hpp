#pragma once
/// simdjson for small documents, such as an event: bytes without padding, and objects read field by field. For `.cpp`
/// files; its header is a heavy one.

#include <simdjson.h>

#include <cstring>
#include <memory>
#include <string_view>

#include "wire/json_peek.hpp"

namespace sluice::dialect {

/// Copies `json` into a buffer that this thread reuses and calls `use(document)`; returns its bool, or false when
/// `json` isn't valid JSON in all its length: simdjson's on-demand reader must not go on behind an error, so it gets no
/// text that has one. What `use` was handed is dead after it returns. Documents above `keep_max` leave no memory behind.
template <class Use>
bool with_json(std::string_view json, Use use) {
  if (!wire::validate_json(json)) return false;
  constexpr std::size_t keep_max = 64 * 1024;
  struct Scratch {
    simdjson::ondemand::parser parser;
    std::unique_ptr<char[]> bytes;
    std::size_t capacity = 0;
  };
  thread_local Scratch scratch;
  const auto run = [&](Scratch& with) {
    const std::size_t need = json.size() + simdjson::SIMDJSON_PADDING;
    if (with.capacity < need) {
      with.bytes = std::make_unique<char[]>(need);
      with.capacity = need;
    }
    if (!json.empty()) std::memcpy(with.bytes.get(), json.data(), json.size());
    std::memset(with.bytes.get() + json.size(), 0, simdjson::SIMDJSON_PADDING);
    simdjson::ondemand::document document;
    if (with.parser.iterate(with.bytes.get(), json.size(), with.capacity).get(document))
      return false;
    return use(document);
  };
  if (json.size() <= keep_max) return run(scratch);
  Scratch large;
  return run(large);
}

/// Calls `visit(key, value)` for each field; false at the first that returns false or can't be read.
template <class Visit>
bool each_field(simdjson::ondemand::object object, Visit visit) {
  for (auto field : object) {
    std::string_view key;
    simdjson::ondemand::value value;
    if (field.unescaped_key().get(key) || field.value().get(value)) return false;
    if (!visit(key, value)) return false;
  }
  return true;
}

/// The same for a value; one that is no object, as the nulls of compatible servers, has no fields.
template <class Visit>
bool each_field(simdjson::ondemand::value value, Visit visit) {
  simdjson::ondemand::object object;
  return value.get_object().get(object) || each_field(object, visit);
}

}  // namespace sluice::dialect
