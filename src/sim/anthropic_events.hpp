#pragma once
/// A Messages API answer written out, as a stream or as one body: the same content and figures for the same wish.

#include <string>

#include "sim/answer.hpp"
#include "sim/anthropic_request.hpp"
#include "sim/request.hpp"

namespace sluice::sim {

/// Source: recordings of 2025 and 2026. The JSON is padded with blanks before its last brace, as the provider does.
class AnthropicEvents final : public EventSource {
 public:
  AnthropicEvents(MessagesRequest request, bool with_stop);
  [[nodiscard]] std::optional<Event> next(std::string& out) override;
  [[nodiscard]] const Claim& claim() const override { return claim_; }
  [[nodiscard]] std::uint64_t output_so_far() const override { return answer_.output(); }

 private:
  enum class Next : std::uint8_t { start, ping, steps, signature, usage, stop, done };
  void begin(std::string_view type, std::string& out);
  void end(std::string& out);
  void write_start(std::string& out);
  [[nodiscard]] std::optional<Event> write_step(std::string& out);
  void write_block_start(std::string& out);
  void write_delta(std::string_view type, std::string_view field, std::string_view text,
                   std::string& out);
  void write_usage(std::string& out);

  SeededRandom random_;   // of ids, apart from what is said
  SeededRandom padding_;  // and apart from ids, as a whole body has none
  bool thinking_;
  bool with_stop_;
  bool pinged_ = false;
  Next next_ = Next::start;
  std::string container_;
  std::string signer_;
  Claim claim_;
  Answer answer_;
};

/// The whole answer; `claim` is completed with the output.
[[nodiscard]] std::string anthropic_body(MessagesRequest request, Claim& claim);

}  // namespace sluice::sim
