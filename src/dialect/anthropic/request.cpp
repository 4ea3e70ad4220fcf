#include "dialect/anthropic/request.hpp"

#include <array>
#include <cstddef>

#include "wire/json_peek.hpp"

namespace sluice::dialect::anthropic {
namespace {

using wire::JsonKey;
using wire::JsonKind;
using wire::JsonPeek;

enum : std::size_t { model, stream, max_tokens, user_id, container, container_id };
constexpr std::array<JsonKey, 6> keys = {JsonKey{"model"},      JsonKey{"stream"},
                                         JsonKey{"max_tokens"}, JsonKey{"user_id", "metadata"},
                                         JsonKey{"container"},  JsonKey{"id", "container"}};

constexpr std::size_t session_bytes_max = 256;
constexpr std::size_t model_bytes_max = 512;  // it is repeated in logs and refusals

std::unexpected<Error> refuse(const char* why) {
  return fail(Errc::invalid_request, Side::client, why);
}

bool told(JsonKind kind) { return kind != JsonKind::absent && kind != JsonKind::null; }

}  // namespace

Result<RequestFacts> read_request(std::string_view body) {
  thread_local JsonPeek peek(keys);
  CHECK_OK(peek.read(body));
  RequestFacts facts;
  if (peek[model].kind == JsonKind::absent) return refuse("model: field required");
  if (peek[model].kind != JsonKind::string) return refuse("model: must be a string");
  facts.model = peek.string(model).value_or("");
  if (facts.model.empty()) return refuse("model: must not be empty");
  if (facts.model.size() > model_bytes_max) return refuse("model: longer than 512 bytes");
  facts.model_offset = peek[model].offset;
  facts.model_length = peek[model].length;
  if (told(peek[stream].kind)) {
    const auto wanted = peek.boolean(stream);
    if (!wanted) return refuse("stream: must be true or false");
    facts.stream = *wanted;
  }
  if (told(peek[max_tokens].kind)) {
    facts.max_tokens = peek.integer(max_tokens);
    if (!facts.max_tokens) return refuse("max_tokens: must be an integer");
    if (*facts.max_tokens < 0) return refuse("max_tokens: must not be negative");
  }
  if (const auto id = peek.string(user_id)) facts.session = session_of(*id);
  // The name alone, or an object where more than that is said of it.
  auto resource = peek.string(peek[container].kind == JsonKind::object ? container_id : container);
  if (resource && resource->size() <= resource_bytes_max) facts.resource = *std::move(resource);
  return facts;
}

std::string session_of(std::string_view user_id) {
  std::string session;
  if (user_id.starts_with('{')) {
    constexpr std::array<JsonKey, 1> session_key = {JsonKey{"session_id"}};
    JsonPeek peek(session_key);
    if (peek.read(user_id)) session = peek.string(0).value_or("");
  } else {
    constexpr std::string_view mark = "_session_";
    const auto at = user_id.rfind(mark);
    if (at != std::string_view::npos) session = user_id.substr(at + mark.size());
  }
  // Longer than any id: not one, and nothing to keep.
  return session.size() <= session_bytes_max ? session : std::string();
}

}  // namespace sluice::dialect::anthropic
