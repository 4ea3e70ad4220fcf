#include "sim/anthropic_request.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <vector>

#include "base/fast_hash.hpp"
#include "sim/sample_json.hpp"
#include "sim/text.hpp"

namespace sluice::sim {
namespace {

namespace json = boost::json;

constexpr std::uint64_t tokens_an_image = 1500;
constexpr std::uint64_t tokens_a_message = 4;
constexpr int depth_max = 64;

std::unexpected<Error> refuse(std::string message) {
  return fail(Errc::invalid_request, Side::client, std::move(message));
}

const json::value* find(const json::object& object, std::string_view name) {
  return object.if_contains(name);
}

std::string_view text_of(const json::object& object, std::string_view name) {
  const json::value* value = find(object, name);
  const json::string* text = value != nullptr ? value->if_string() : nullptr;
  return text != nullptr ? std::string_view(text->data(), text->size()) : std::string_view{};
}

std::uint64_t tokens_of_text(std::string_view text) { return (text.size() + 3) / 4; }

/// A rough count that is always the same: a token per four bytes of text.
std::uint64_t tokens_of(const json::value& value, int depth = 0) {
  if (depth > depth_max) return 0;
  if (const auto* text = value.if_string()) return tokens_of_text({text->data(), text->size()});
  std::uint64_t sum = 0;
  if (const auto* array = value.if_array()) {
    for (const json::value& element : *array) sum += tokens_of(element, depth + 1);
  } else if (const auto* object = value.if_object()) {
    if (text_of(*object, "type") == "image") return tokens_an_image;
    for (const auto& [name, member] : *object) {
      if (name != "cache_control" && name != "type") sum += tokens_of(member, depth + 1);
    }
  } else if (!value.is_null()) {
    sum = 1;
  }
  return sum;
}

/// FNV-1a over all of the request but `stream`: a stream and a whole answer shall say the same.
void fingerprint(const json::value& value, std::uint64_t& hash, int depth = 0) {
  const auto mix = [&hash](std::string_view bytes) {
    for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  };
  if (depth > depth_max) return;
  if (const auto* text = value.if_string()) {
    mix({text->data(), text->size()});
  } else if (const auto* array = value.if_array()) {
    for (const json::value& element : *array) fingerprint(element, hash, depth + 1);
  } else if (const auto* object = value.if_object()) {
    for (const auto& [name, member] : *object) {
      if (depth == 0 && name == "stream") continue;
      mix({name.data(), name.size()});
      fingerprint(member, hash, depth + 1);
    }
  } else {
    mix(json::serialize(value));
  }
}

/// A place up to which the prompt is cached.
struct Marker {
  std::uint64_t tokens = 0;
  bool hour = false;
};

struct Prompt {
  std::uint64_t tokens = 0;
  std::vector<Marker> markers;

  void mark(const json::object& holder) {
    const json::value* control = find(holder, "cache_control");
    if (control == nullptr || !control->is_object()) return;
    markers.push_back({.tokens = tokens, .hour = text_of(control->get_object(), "ttl") == "1h"});
  }
  void add_blocks(const json::value* blocks) {
    if (blocks == nullptr) return;
    const json::array* array = blocks->if_array();
    if (array == nullptr) {
      tokens += tokens_of(*blocks);
      return;
    }
    for (const json::value& block : *array) {
      tokens += tokens_of(block);
      if (block.is_object()) mark(block.get_object());
    }
  }
};

Prompt read_prompt(const json::object& body) {
  // The order of the cache: tools, system, messages.
  Prompt prompt;
  prompt.add_blocks(find(body, "tools"));
  prompt.add_blocks(find(body, "system"));
  if (const json::value* messages = find(body, "messages");
      messages != nullptr && messages->is_array()) {
    for (const json::value& message : messages->get_array()) {
      prompt.tokens += tokens_a_message;
      if (message.is_object()) prompt.add_blocks(find(message.get_object(), "content"));
    }
  }
  prompt.mark(body);
  return prompt;
}

void fill_input(const Prompt& prompt, CacheUse use, Claim& claim) {
  std::uint64_t before = 0;
  // What stands behind the last marker is never nothing: the turn's own frame.
  const std::uint64_t cacheable =
      prompt.tokens - std::min<std::uint64_t>(prompt.tokens, tokens_a_message);
  for (std::size_t i = 0; i < prompt.markers.size(); ++i) {
    const Marker& marker = prompt.markers[i];
    const std::uint64_t until = std::min(marker.tokens, cacheable);
    const std::uint64_t part = until - std::min(before, until);
    const bool last = i + 1 == prompt.markers.size();
    if (use == CacheUse::read || (use == CacheUse::growing && !last)) {
      claim.cache_read += part;
    } else {
      (marker.hour ? claim.cache_write_1h : claim.cache_write_5m) += part;
    }
    before = std::max(before, until);
  }
  claim.input = prompt.tokens - before;
}

Result<json::object> parse(std::string_view body) {
  boost::system::error_code error;
  json::value value = json::parse({body.data(), body.size()}, error);
  if (error || !value.is_object()) return refuse("The request body is not valid JSON");
  return std::move(value.get_object());
}

Status check_common(const json::object& body) {
  const json::value* model = find(body, "model");
  if (model == nullptr) return refuse("model: Field required");
  if (!model->is_string()) return refuse("model: Input should be a valid string");
  const json::value* messages = find(body, "messages");
  if (messages == nullptr) return refuse("messages: Field required");
  if (!messages->is_array()) return refuse("messages: Input should be a valid list");
  if (messages->get_array().empty()) return refuse("messages: at least one message is required");
  std::size_t index = 0;
  for (const json::value& message : messages->get_array()) {
    const std::string where = "messages." + std::to_string(index++);
    if (!message.is_object()) return refuse(where + ": Input should be an object");
    if (!message.get_object().contains("role")) return refuse(where + ".role: Field required");
    if (!message.get_object().contains("content"))
      return refuse(where + ".content: Field required");
  }
  if (text_of(body, "model").starts_with("claude-does-not-exist")) {
    return fail(Errc::unknown_route, Side::client, "model: " + std::string(text_of(body, "model")));
  }
  return {};
}

/// The text of the last message of the user, and whether it brings the result of a tool.
struct LastTurn {
  std::string text;
  bool tool_result = false;
};

LastTurn last_turn(const json::object& body) {
  LastTurn turn;
  const json::array& messages = find(body, "messages")->get_array();
  for (auto message = messages.rbegin(); message != messages.rend(); ++message) {
    const json::object& object = message->get_object();
    if (text_of(object, "role") != "user") continue;
    const json::value* content = find(object, "content");
    if (content->is_string()) turn.text = text_of(object, "content");
    if (!content->is_array()) break;
    for (const json::value& block : content->get_array()) {
      if (!block.is_object()) continue;
      if (text_of(block.get_object(), "type") == "text")
        turn.text += text_of(block.get_object(), "text");
      if (text_of(block.get_object(), "type") == "tool_result") turn.tool_result = true;
    }
    break;
  }
  return turn;
}

void choose_tools(const json::object& body, bool free_to_call, SeededRandom& random, Wish& wish) {
  std::vector<const json::object*> known;
  if (const json::value* tools = find(body, "tools"); tools != nullptr && tools->is_array()) {
    for (const json::value& tool : tools->get_array()) {
      // Server tools have no schema of their own: the provider runs them, nobody is asked to call them.
      if (tool.is_object() && tool.get_object().contains("input_schema"))
        known.push_back(&tool.get_object());
    }
  }
  if (known.empty()) return;
  std::string_view choice = "auto";
  std::string_view named;
  bool parallel = true;
  if (const json::value* told = find(body, "tool_choice"); told != nullptr && told->is_object()) {
    const json::object& object = told->get_object();
    choice = text_of(object, "type");
    named = text_of(object, "name");
    const json::value* alone = find(object, "disable_parallel_tool_use");
    parallel = alone == nullptr || !alone->is_bool() || !alone->get_bool();
  }
  const bool forced = choice == "any" || choice == "tool";
  if (choice == "none" || (!forced && (!free_to_call || random.below(2) == 0))) return;
  const std::size_t calls = parallel && choice != "tool" && random.below(3) == 0 ? 2 : 1;
  for (std::size_t i = 0; i < calls; ++i) {
    const json::object* tool = known[random.below(known.size())];
    for (const json::object* candidate : known) {
      if (choice == "tool" && text_of(*candidate, "name") == named) tool = candidate;
    }
    wish.tools.push_back({.name = std::string(text_of(*tool, "name")),
                          .input = sample_json(*find(*tool, "input_schema"), random)});
  }
  wish.text = !forced;
}

Status check_container(const json::object& body, std::string_view known) {
  const json::value* told = find(body, "container");
  if (told == nullptr || told->is_null()) return {};
  const std::string_view id =
      told->is_object() ? text_of(told->get_object(), "id") : text_of(body, "container");
  if (id.empty() || id == known) return {};
  return fail(Errc::unknown_route, Side::client, fmt::format("container: {} was not found", id));
}

/// All that the assistant is said to have thought begins with `signer`.
Status check_signatures(const json::object& body, std::string_view signer) {
  std::size_t m = 0;
  for (const json::value& message : find(body, "messages")->get_array()) {
    const json::value* content =
        message.is_object() ? find(message.get_object(), "content") : nullptr;
    std::size_t c = 0;
    if (content != nullptr && content->is_array()) {
      for (const json::value& block : content->get_array()) {
        const std::string_view type =
            block.is_object() ? text_of(block.get_object(), "type") : std::string_view{};
        const bool redacted = type == "redacted_thinking";
        if ((redacted || type == "thinking") &&
            !text_of(block.get_object(), redacted ? "data" : "signature").starts_with(signer)) {
          return refuse(
              fmt::format("messages.{}.content.{}: Invalid `signature` in `{}` block. The "
                          "block is bound to a different conversation.",
                          m, c, type));
        }
        ++c;
      }
    }
    ++m;
  }
  return {};
}

void read_thinking(const json::object& body, Wish& wish) {
  const json::value* thinking = find(body, "thinking");
  if (thinking == nullptr || !thinking->is_object()) return;
  const std::string_view type = text_of(thinking->get_object(), "type");
  wish.thinking = type == "enabled" || type == "adaptive" || type == "between_tools";
  wish.thinking_shown = text_of(thinking->get_object(), "display") != "omitted";
}

}  // namespace

std::string signer_of(std::string_view credential) {
  return fmt::format("Er{:016x}", fast_hash(credential));
}

Result<MessagesRequest> read_messages_request(std::string_view bytes, const Parameters& parameters,
                                              std::string_view credential) {
  TRY(const json::object body, parse(bytes));
  CHECK_OK(check_common(body));
  const json::value* max_tokens = find(body, "max_tokens");
  if (max_tokens == nullptr) return refuse("max_tokens: Field required");
  if (!max_tokens->is_int64() || max_tokens->get_int64() < 0) {
    return refuse("max_tokens: Input should be a valid integer, at least 0");
  }
  MessagesRequest request;
  if (const json::value* stream = find(body, "stream"); stream != nullptr) {
    if (!stream->is_bool()) return refuse("stream: Input should be a valid boolean");
    request.stream = stream->get_bool();
  }
  if (!parameters.container.empty()) {
    CHECK_OK(check_container(body, parameters.container));
    request.container = parameters.container;
  }
  if (parameters.thinking_bound) {
    request.signer = signer_of(credential);
    CHECK_OK(check_signatures(body, request.signer));
  }
  request.claim.model = text_of(body, "model");
  fill_input(read_prompt(body), parameters.cache, request.claim);

  Wish& wish = request.wish;
  wish.seed = 0xcbf29ce484222325ULL;
  if (parameters.seed) {
    wish.seed = *parameters.seed;
  } else {
    fingerprint(body, wish.seed);
  }
  wish.events = parameters.events;
  wish.max_tokens = static_cast<std::uint64_t>(max_tokens->get_int64());
  wish.big_delta_bytes = parameters.big_line;
  read_thinking(body, wish);
  LastTurn turn = last_turn(body);
  SeededRandom random(wish.seed ^ 0x746f6f6c73ULL);
  choose_tools(body, !parameters.echo && !turn.tool_result, random, wish);
  if (parameters.echo) wish.echo = std::move(turn.text);
  return request;
}

Result<std::uint64_t> count_tokens(std::string_view bytes) {
  TRY(const json::object body, parse(bytes));
  CHECK_OK(check_common(body));
  return read_prompt(body).tokens;
}

}  // namespace sluice::sim
