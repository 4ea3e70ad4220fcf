#include "wire/json_peek.hpp"

#include <simdjson.h>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  enum : std::size_t { model, stream, tokens, user };
  static constexpr wire::JsonKey keys[] = {
      {"model"}, {"stream"}, {"max_tokens"}, {"user_id", "metadata"}};
  const std::string body(reinterpret_cast<const char*>(data), size);
  const bool valid = wire::validate_json(body).has_value();

  // simdjson's own reading: it refuses numbers that no double holds and half surrogate pairs, and takes deeper texts.
  static simdjson::dom::parser oracle;
  simdjson::dom::element root;
  const auto error = oracle.parse(body).get(root);
  const bool may_have_half_pair =
      body.find("\\ud") != std::string::npos || body.find("\\uD") != std::string::npos;
  if (valid) {
    fuzz::require(!error || error == simdjson::NUMBER_ERROR ||
                  (error == simdjson::STRING_ERROR && may_have_half_pair));
  }
  if (!error && body.size() < 512) fuzz::require(valid);

  wire::JsonPeek peek(keys);
  const auto status = peek.read(body);
  if (!status) {
    if (status.error().context.starts_with("not JSON")) fuzz::require(!valid);
    return 0;
  }
  fuzz::require(valid);
  for (std::size_t key = 0; key < std::size(keys); ++key) {
    if (peek[key].kind == wire::JsonKind::absent) continue;
    fuzz::require(peek[key].offset + peek[key].length <= body.size());
    fuzz::require(wire::validate_json(peek.raw(key)).has_value());
  }
  if (!error) {
    std::string_view theirs;
    const auto ours = peek.string(model);
    if (!root["model"].get_string().get(theirs)) fuzz::require(ours == theirs);
    std::int64_t number = 0;
    if (!root["max_tokens"].get_int64().get(number)) fuzz::require(peek.integer(tokens) == number);
    if (!root["metadata"]["user_id"].get_string().get(theirs))
      fuzz::require(peek.string(user) == theirs);
    fuzz::require(peek.boolean(stream) == std::optional(true) ||
                  root["stream"].is_bool() == peek.boolean(stream).has_value());
  }

  // Edits keep a body JSON, and what was put in can be found.
  std::vector<wire::JsonEdit> edits;
  std::string name;
  wire::append_json_string(name, std::string_view(body).substr(0, 20));
  if (peek[model].kind == wire::JsonKind::absent) {
    edits.push_back(wire::insert_member(body, peek.object_offset(), "model", name));
  } else {
    edits.push_back({peek[model].offset, peek[model].length, name});
  }
  const auto edited = wire::apply_edits(body, edits);
  wire::JsonPeek again(keys);
  fuzz::require(again.read(edited).has_value());
  fuzz::require(again.raw(model) == name);
  fuzz::require(again.integer(tokens) == peek.integer(tokens));
  return 0;
}
