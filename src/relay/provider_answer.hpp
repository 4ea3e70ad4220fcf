#pragma once
/// One call of one account, and its answer as it comes. It is read on its own until it is decided: refused, or with its first
/// output here; nothing of it is with the client before that, so that another account may still answer in its place.
/// Dropping it closes the provider's connection and gives the account's slot back.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/client_exchange.hpp"
#include "net/frame_pool.hpp"
#include "relay/client_side.hpp"
#include "relay/relay_request.hpp"
#include "wire/content_decoder.hpp"

namespace sluice::relay {

/// An answer that doesn't come from a connection any more.
struct WholeAnswer {
  int status = 0;
  std::string fields;
  std::string body;
  std::optional<std::uint64_t> length;  // nullopt: the provider told none
  std::string message;                  // what it says, for an in-band error
};

class ProviderAnswer : public net::Pooled {
 public:
  /// Held back before the first output at most; also the size up to which an answer is read whole before it is sent.
  static constexpr std::size_t held_bytes_max = 1 << 20;
  /// A whole answer longer than that is relayed, but its usage is not read.
  static constexpr std::size_t metered_bytes_max = 16 << 20;

  enum class Form : std::uint8_t {
    undecided,
    events,   // an event stream that we can read into
    encoded,  // an event stream under a content coding: read beside, never written into
    whole,    // one document
  };

  /// `upstream` is the lease's account, and outlives this; its record is `request.record->attempt`.
  ProviderAnswer(RelayContext& context, RelayRequest& request, ClientSide& client,
                 const provider::Upstream& upstream, routing::AccountLease lease);
  ProviderAnswer(const ProviderAnswer&) = delete;
  ProviderAnswer& operator=(const ProviderAnswer&) = delete;
  ~ProviderAnswer() { abandon(); }

  // --- until it is decided ---
  /// Sends the request with this body, and reads until the answer is decided: refused, or good so far.
  /// Errors: upstream_unreachable, upstream_timeout, upstream_invalid (all of them: nothing to show), client_gone.
  [[nodiscard]] net::Task<Status> call(std::string_view body);
  /// The provider said no: by its status, by the first event of its stream, or by a document that says so under a 200.
  [[nodiscard]] bool is_refused() const { return refused_; }
  /// Of a refusal: what it stands for, which isn't the status of the head where that was 200.
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] const dialect::ProviderError& told() const { return told_; }
  [[nodiscard]] std::string_view told_body() const;
  /// The refusal as the client may get it.
  [[nodiscard]] WholeAnswer take_refusal();

  // --- while it flows ---
  [[nodiscard]] Form form() const { return form_; }
  /// Null before a head came.
  [[nodiscard]] const wire::ResponseHead& head() const { return exchange_->head(); }
  void release_head() { exchange_->release_head(); }
  [[nodiscard]] bool has_tap() const { return tap_ != nullptr; }
  [[nodiscard]] const dialect::StreamTap& tap() const { return *tap_; }
  /// What was read and is not sent.
  [[nodiscard]] std::string& held() { return held_; }
  /// The body has come to its end, with what was held.
  [[nodiscard]] bool has_ended() const { return ended_; }
  /// Its next bytes, metered. Errors: upstream_invalid.
  [[nodiscard]] Result<http::BodyRead> read();
  [[nodiscard]] net::Descriptor& descriptor() { return exchange_->descriptor(); }
  /// Of its silence.
  [[nodiscard]] TimePoint idle_deadline() const { return idle_deadline_; }
  /// Keeps what was read of a document that flows on, for its usage.
  void copy_document();
  /// What it used, so far as it is known. `output_begun`: an answer began, so that the prompt must have been read.
  [[nodiscard]] meter::Usage usage(bool output_begun) const;
  /// The counts as the provider told them; nullopt: not even the prompt's yet.
  [[nodiscard]] std::optional<meter::TokenCounts> told_tokens() const;
  /// Of a document that has ended: reads its usage, and lets it go. `from_held`: it is still whole in `held`.
  void read_document(bool from_held);
  /// The events since the last look, for the metrics.
  [[nodiscard]] std::uint64_t new_events();
  [[nodiscard]] std::string_view resource() const;

  void abandon() {
    if (exchange_) exchange_->abandon();
  }
  [[nodiscard]] routing::AccountLease& lease() { return lease_; }
  [[nodiscard]] const provider::Upstream& upstream() const { return upstream_; }

 private:
  [[nodiscard]] net::Task<Status> call_once(std::string_view body, bool fresh);
  [[nodiscard]] net::Task<Status> read_until_decided();
  void choose_form(std::string_view first_bytes);
  [[nodiscard]] Status decide();
  [[nodiscard]] bool may_comment() const;
  void meter(std::string_view bytes);

  RelayContext& context_;
  RelayRequest& request_;
  ClientSide& client_;
  const provider::Upstream& upstream_;
  routing::AccountLease lease_;
  std::unique_ptr<http::ClientExchange> exchange_;
  std::unique_ptr<dialect::StreamTap> tap_;
  std::unique_ptr<wire::ContentDecoder> decoder_;
  http::BufferBudget::Lease copy_lease_;
  dialect::ProviderError told_;
  std::string held_;
  std::string
      document_;  // a copy of a whole answer in clear, for its usage, where `held_` isn't it
  std::string resource_;  // that a document left with the account
  TimePoint idle_deadline_ = time_never;
  std::uint64_t seen_events_ = 0;
  int status_ = 0;
  Form form_ = Form::undecided;
  bool ended_ = false;
  bool refused_ = false;
  bool copying_ = false;  // into document_
  bool readable_ = true;  // its coding is one that we know
};

}  // namespace sluice::relay
