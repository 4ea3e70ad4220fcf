#pragma once
/// The Anthropic Messages API as a dialect.

#include "dialect/dialect.hpp"

namespace sluice::dialect::anthropic {

/// No state: one object serves all threads.
class Anthropic final : public Dialect {
 public:
  [[nodiscard]] std::string_view name() const override { return "anthropic"; }
  [[nodiscard]] Result<RequestFacts> read_request(std::string_view body) const override;
  [[nodiscard]] Conversation read_conversation(std::string_view body) const override;
  [[nodiscard]] std::optional<std::string> without_signatures(std::string_view body) const override;
  [[nodiscard]] std::unique_ptr<StreamTap> make_tap() const override;
  [[nodiscard]] std::string resource_of_body(std::string_view json) const override;
  [[nodiscard]] std::optional<meter::Usage> usage_of_body(std::string_view json) const override;
  [[nodiscard]] bool is_error_body(std::string_view body) const override;
  [[nodiscard]] ProviderError read_error(int status, std::string_view body) const override;
  [[nodiscard]] std::string error_body(const Refusal& refusal) const override;
  [[nodiscard]] std::string error_event(const Refusal& refusal) const override;
  [[nodiscard]] std::string_view keepalive() const override { return ": keepalive\n\n"; }
};

}  // namespace sluice::dialect::anthropic
