#include "dialect/anthropic/anthropic.hpp"
#include "fuzz.hpp"
#include "wire/json_peek.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  static const dialect::anthropic::Anthropic anthropic;
  const std::string body(reinterpret_cast<const char*>(data), size);

  // Within its bounds whatever it is given.
  const auto conversation = anthropic.read_conversation(body);
  fuzz::require(conversation.prefix_count <= dialect::Conversation::prefixes_max);
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < conversation.prefix_count; ++i) {
    fuzz::require(conversation.prefixes[i].bytes >= bytes);
    bytes = conversation.prefixes[i].bytes;
  }
  fuzz::require(bytes <= static_cast<std::int64_t>(size));

  const auto stripped = anthropic.without_signatures(body);
  if (!stripped) return 0;
  fuzz::require(wire::validate_json(body).has_value());
  fuzz::require(wire::validate_json(*stripped).has_value());
  fuzz::require(!anthropic.without_signatures(*stripped));
  if (const auto facts = anthropic.read_request(body)) {
    const auto same = anthropic.read_request(*stripped);
    fuzz::require(same && same->model == facts->model && same->resource == facts->resource);
  }
  return 0;
}
