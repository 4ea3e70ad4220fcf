#include "dialect/anthropic/anthropic.hpp"

#include <array>
#include <cstring>

#include "dialect/anthropic/conversation.hpp"
#include "dialect/anthropic/errors.hpp"
#include "dialect/anthropic/request.hpp"
#include "dialect/anthropic/signatures.hpp"
#include "dialect/anthropic/stream_tap.hpp"
#include "dialect/anthropic/usage_figures.hpp"
#include "wire/json_peek.hpp"

namespace sluice::dialect::anthropic {
namespace {

/// An Errc whose own meaning is finer than the class of its status.
std::string_view type_of(const Refusal& refusal) {
  if (refusal.code == Errc::overloaded || refusal.code == Errc::no_account)
    return "overloaded_error";
  if (refusal.code == Errc::upstream_timeout) return "timeout_error";
  return error_type(refusal.status);
}

}  // namespace

Result<RequestFacts> Anthropic::read_request(std::string_view body) const {
  return anthropic::read_request(body);
}

Conversation Anthropic::read_conversation(std::string_view body) const {
  return anthropic::read_conversation(body);
}

std::optional<std::string> Anthropic::without_signatures(std::string_view body) const {
  return anthropic::without_signatures(body);
}

std::unique_ptr<StreamTap> Anthropic::make_tap() const { return std::make_unique<AnthropicTap>(); }

std::optional<meter::Usage> Anthropic::usage_of_body(std::string_view json) const {
  enum : std::size_t { usage_key, model_key };
  static constexpr std::array<wire::JsonKey, 2> keys = {wire::JsonKey{"usage"},
                                                        wire::JsonKey{"model"}};
  thread_local wire::JsonPeek peek(keys);
  if (!peek.read(json) || peek[usage_key].kind != wire::JsonKind::object) return std::nullopt;
  UsageFigures figures;
  if (!read_usage(peek.raw(usage_key), figures)) return std::nullopt;
  meter::Usage usage;
  if (auto model = peek.string(model_key)) usage.model = std::move(*model);
  if (usage.model.size() > meter::model_bytes_max) usage.model.resize(meter::model_bytes_max);
  apply(figures, usage);
  if (usage.input_told && usage.output_told) {
    usage.confidence = meter::Confidence::exact;
  } else if (usage.input_told || usage.output_told) {
    usage.confidence = meter::Confidence::partial;
  }
  return usage;
}

std::string Anthropic::resource_of_body(std::string_view json) const {
  // Few answers have one, and to look for the word is much cheaper than to read.
  constexpr std::string_view word = "\"container\"";
  if (::memmem(json.data(), json.size(), word.data(), word.size()) == nullptr) return {};
  static constexpr std::array<wire::JsonKey, 1> keys = {wire::JsonKey{"id", "container"}};
  wire::JsonPeek peek(keys);
  if (!peek.read(json)) return {};
  auto id = peek.string(0);
  return id && id->size() <= resource_bytes_max ? *std::move(id) : std::string();
}

bool Anthropic::is_error_body(std::string_view body) const {
  return anthropic::is_error_body(body);
}

ProviderError Anthropic::read_error(int status, std::string_view body) const {
  return anthropic::read_error(status, body);
}

std::string Anthropic::error_body(const Refusal& refusal) const {
  return error_document(type_of(refusal), refusal.message, refusal.request_id);
}

std::string Anthropic::error_event(const Refusal& refusal) const {
  return "event: error\ndata: " + error_body(refusal) + "\n\n";
}

}  // namespace sluice::dialect::anthropic
