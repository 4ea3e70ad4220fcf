#include "sim/anthropic_events.hpp"

#include <fmt/format.h>

#include "sim/text.hpp"

namespace sluice::sim {
namespace {

constexpr std::uint64_t ids_salt = 0x6964730a;
constexpr std::uint64_t padding_salt = 0x7061640a;
constexpr std::size_t signature_bytes = 132;
constexpr std::uint64_t padding_max = 16;

template <class... Args>
void put(std::string& out, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
}

std::string_view name_of(Answer::Stop stop) {
  switch (stop) {
    case Answer::Stop::end_turn: return "end_turn";
    case Answer::Stop::tool_use: return "tool_use";
    case Answer::Stop::max_tokens: return "max_tokens";
  }
  return "";
}

/// `"usage":{...` of a message, without its closing brace.
void put_usage(const Claim& claim, std::string& out) {
  put(out,
      R"("usage":{{"input_tokens":{},"cache_creation_input_tokens":{},"cache_read_input_tokens":{},)"
      R"("cache_creation":{{"ephemeral_5m_input_tokens":{},"ephemeral_1h_input_tokens":{}}},"output_tokens":{},)"
      R"("service_tier":"standard","inference_geo":"not_available")",
      claim.input, claim.cache_write(), claim.cache_read, claim.cache_write_5m,
      claim.cache_write_1h, claim.output);
}

void put_id(std::string_view prefix, SeededRandom& random, std::string& out) {
  out += prefix;
  append_id(random, 22, out);
}

/// `"container":{...},`; nothing for an answer without one.
void put_container(std::string_view id, std::string& out) {
  if (id.empty()) return;
  put(out, R"("container":{{"id":"{}","expires_at":"2099-01-01T00:00:00Z"}},)", id);
}

std::string signature(SeededRandom& random, std::string_view signer) {
  std::string text(signer.empty() ? "Er" : signer);
  append_id(random, signature_bytes, text);
  return text + "==";
}

}  // namespace

AnthropicEvents::AnthropicEvents(MessagesRequest request, bool with_stop)
    : random_(request.wish.seed ^ ids_salt),
      padding_(request.wish.seed ^ padding_salt),
      thinking_(request.wish.thinking),
      with_stop_(with_stop),
      container_(std::move(request.container)),
      signer_(std::move(request.signer)),
      claim_(std::move(request.claim)),
      answer_(std::move(request.wish)) {}

void AnthropicEvents::begin(std::string_view type, std::string& out) {
  put(out, "event: {}\ndata: {{\"type\":\"{}\"", type, type);
}

void AnthropicEvents::end(std::string& out) {
  out.append(padding_.below(padding_max), ' ');
  out += "}\n\n";
}

std::optional<EventSource::Event> AnthropicEvents::next(std::string& out) {
  switch (next_) {
    case Next::start:
      write_start(out);
      next_ = Next::steps;
      return Event::other;
    case Next::ping:
      out += "event: ping\ndata: {\"type\": \"ping\"}\n\n";
      next_ = Next::steps;
      return Event::other;
    case Next::steps: return write_step(out);
    case Next::signature:
      // The block ends after it: the answer has already said so.
      begin("content_block_stop", out);
      put(out, ",\"index\":{}", answer_.index());
      end(out);
      next_ = Next::steps;
      return Event::other;
    case Next::usage:
      write_usage(out);
      next_ = with_stop_ ? Next::stop : Next::done;
      return Event::other;
    case Next::stop:
      begin("message_stop", out);
      end(out);
      next_ = Next::done;
      return Event::other;
    case Next::done: break;
  }
  return std::nullopt;
}

void AnthropicEvents::write_start(std::string& out) {
  claim_.output = answer_.first_output();
  begin("message_start", out);
  out += ",\"message\":{\"model\":";
  append_json_string(claim_.model, out);
  put_id(",\"id\":\"msg_01", random_, out);
  out +=
      R"(","type":"message","role":"assistant","content":[],"stop_reason":null,"stop_sequence":null,)";
  put_container(container_, out);
  put_usage(claim_, out);
  out += "}}";
  end(out);
}

std::optional<EventSource::Event> AnthropicEvents::write_step(std::string& out) {
  std::string text;
  switch (answer_.next(text)) {
    case Answer::Step::block_start:
      write_block_start(out);
      if (!pinged_) next_ = Next::ping;
      pinged_ = true;
      return Event::other;
    case Answer::Step::delta:
      switch (answer_.kind()) {
        case Answer::Kind::thinking: write_delta("thinking_delta", "thinking", text, out); break;
        case Answer::Kind::text: write_delta("text_delta", "text", text, out); break;
        case Answer::Kind::tool: write_delta("input_json_delta", "partial_json", text, out); break;
      }
      return Event::content;
    case Answer::Step::block_stop:
      if (answer_.kind() == Answer::Kind::thinking) {
        write_delta("signature_delta", "signature", signature(random_, signer_), out);
        next_ = Next::signature;
        return Event::other;
      }
      begin("content_block_stop", out);
      put(out, ",\"index\":{}", answer_.index());
      end(out);
      return Event::other;
    case Answer::Step::end: break;
  }
  next_ = Next::usage;
  return next(out);
}

void AnthropicEvents::write_block_start(std::string& out) {
  begin("content_block_start", out);
  put(out, ",\"index\":{},\"content_block\":", answer_.index());
  switch (answer_.kind()) {
    case Answer::Kind::thinking:
      out += R"({"type":"thinking","thinking":"","signature":""})";
      break;
    case Answer::Kind::text: out += R"({"type":"text","text":""})"; break;
    case Answer::Kind::tool:
      put_id(R"({"type":"tool_use","id":"toolu_01)", random_, out);
      out += "\",\"name\":";
      append_json_string(answer_.tool().name, out);
      out += ",\"input\":{}}";
      break;
  }
  end(out);
}

void AnthropicEvents::write_delta(std::string_view type, std::string_view field,
                                  std::string_view text, std::string& out) {
  begin("content_block_delta", out);
  put(out, ",\"index\":{},\"delta\":{{\"type\":\"{}\",\"{}\":", answer_.index(), type, field);
  append_json_string(text, out);
  out += '}';
  end(out);
}

void AnthropicEvents::write_usage(std::string& out) {
  claim_.output = answer_.output();
  begin("message_delta", out);
  out += ",\"delta\":{";
  put_container(container_, out);
  put(out,
      R"("stop_reason":"{}","stop_sequence":null}},"usage":{{"input_tokens":{},)"
      R"("cache_creation_input_tokens":{},"cache_read_input_tokens":{},"output_tokens":{})",
      name_of(answer_.stop()), claim_.input, claim_.cache_write(), claim_.cache_read,
      claim_.output);
  if (thinking_)
    put(out, R"(,"output_tokens_details":{{"thinking_tokens":{}}})", answer_.thinking_output());
  out += '}';
  end(out);
}

std::string anthropic_body(MessagesRequest request, Claim& claim) {
  SeededRandom random(request.wish.seed ^ ids_salt);
  const bool thinking = request.wish.thinking;
  const std::string container = std::move(request.container);
  const std::string signer = std::move(request.signer);
  Answer answer(std::move(request.wish));
  claim = std::move(request.claim);
  std::string out = "{\"model\":";
  append_json_string(claim.model, out);
  put_id(",\"id\":\"msg_01", random, out);
  out += R"(","type":"message","role":"assistant","content":[)";
  std::string text;
  std::string whole;
  for (bool first = true;;) {
    const Answer::Step step = answer.next(text);
    if (step == Answer::Step::end) break;
    if (step == Answer::Step::block_start) whole.clear();
    if (step == Answer::Step::delta) whole += text;
    if (step != Answer::Step::block_stop) continue;
    if (!first) out += ',';
    first = false;
    switch (answer.kind()) {
      case Answer::Kind::thinking:
        out += R"({"type":"thinking","thinking":)";
        append_json_string(whole, out);
        put(out, R"(,"signature":"{}"}})", signature(random, signer));
        break;
      case Answer::Kind::text:
        out += R"({"type":"text","text":)";
        append_json_string(whole, out);
        out += '}';
        break;
      case Answer::Kind::tool:
        put_id(R"({"type":"tool_use","id":"toolu_01)", random, out);
        out += "\",\"name\":";
        append_json_string(answer.tool().name, out);
        put(out, ",\"input\":{}}}", answer.tool().input);
        break;
    }
  }
  claim.output = answer.output();
  put(out, R"(],"stop_reason":"{}","stop_sequence":null,)", name_of(answer.stop()));
  put_container(container, out);
  put_usage(claim, out);
  if (thinking)
    put(out, R"(,"output_tokens_details":{{"thinking_tokens":{}}})", answer.thinking_output());
  return out + "}}";
}

}  // namespace sluice::sim
