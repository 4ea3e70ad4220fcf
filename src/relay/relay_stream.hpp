#pragma once
/// One answer on its way from a provider to a client: pulled, a piece at a time.
///
///     CO_TRY(auto stream, co_await service.relay_request_stream(request));
///     exchange.begin(stream->status(), stream->fields(), stream->length());
///     for (;;) {
///       CO_TRY(auto chunk, co_await stream->next());
///       if (std::holds_alternative<meter::Usage>(chunk)) break;      // once, last
///       write(std::get<Data>(chunk).bytes);                          // valid until the next co_await
///     }
///
/// The next read from the provider happens in `next()`, so when the client has taken the last bytes: back-pressure needs
/// no queue. Dropping the stream at any point closes the provider's connection, gives back every lease and settles.

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "relay/failover.hpp"

namespace sluice::relay {

/// Bytes for the client, as they are.
struct Data {
  std::string_view bytes;
};
using StreamChunk = std::variant<Data, meter::Usage>;

class RelayStream : public net::Pooled {
 public:
  /// An event cut between reads waits for its end up to this size; longer ones pass on in pieces.
  static constexpr std::size_t tail_bytes_max = 64 << 10;
  /// Reads that find something before the thread's other requests have a turn: at most 1 MiB.
  static constexpr int reads_a_turn = 16;

  RelayStream(RelayContext& context, RelayRequest request);
  RelayStream(const RelayStream&) = delete;
  RelayStream& operator=(const RelayStream&) = delete;
  ~RelayStream();

  /// Takes a slot of the key, and finds whoever answers: until the status and the first output are here. Errors are the
  /// refusals that the client is to get; client_gone.
  [[nodiscard]] net::Task<Status> start(CurrentSnapshot& current);

  // The head for the client, after `start()`.
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] const std::string& fields() const { return fields_; }
  /// The head is written: its fields are not needed any more.
  void release_fields() { sluice::release(fields_); }
  [[nodiscard]] std::optional<std::uint64_t> length() const { return length_; }

  /// Errors: client_gone, unless the answer is read on without it.
  [[nodiscard]] net::Task<Result<StreamChunk>> next();
  /// The answer is whole. False after the usage chunk: it was cut, and must not end cleanly.
  [[nodiscard]] bool complete() const { return complete_; }
  /// The client is not there any more. True: the answer is read on for its usage, and nothing more is written.
  [[nodiscard]] bool go_on_without_client() { return client_.go_on_without(); }
  [[nodiscard]] bool client_is_there() const { return client_.is_there(); }

 private:
  // Before the first output.
  [[nodiscard]] bool take_key_slot();
  [[nodiscard]] net::Task<Status> wait_for_key_slot();
  void use(std::unique_ptr<ProviderAnswer> answer);
  void use(WholeAnswer refusal);

  // While it flows.
  [[nodiscard]] std::string_view first_chunk();
  [[nodiscard]] std::string_view whole_events(std::string_view bytes);
  [[nodiscard]] std::string_view pass(std::string_view bytes);
  [[nodiscard]] net::Task<Status> after_silence(net::Wake wake);
  void end_of_body();
  void learn();
  void break_off(const Error& error);
  void note_told_failure();
  void note_failure(const Error& error);
  void blame(const routing::Failure& failure);
  [[nodiscard]] std::string in_band(Errc code, int status, std::string_view message) const;
  [[nodiscard]] meter::Usage usage() const;
  [[nodiscard]] bool speaks_events() const {
    return answer_ && answer_->form() == ProviderAnswer::Form::events;
  }

  RelayContext& context_;
  RelayRequest request_;
  ClientSide client_;
  std::unique_ptr<ProviderAnswer> answer_;  // null: what the client gets is in `held_`

  std::string fields_;
  std::string
      held_;  // not sent yet: an event that isn't whole, or an answer that flows from nowhere
  std::string out_;          // keeps what the last chunk shows
  std::string error_event_;  // of ours, to be sent in-band
  std::optional<std::uint64_t> length_;
  int status_ = 0;
  int reads_in_a_row_ = 0;
  bool has_learnt_ = false;  // what the answer says of the prompt cache
  bool output_begun_ = false;
  bool in_long_event_ = false;  // the first part of an unfinished event is with the client already
  bool broken_ = false;
  bool complete_ = false;
};

}  // namespace sluice::relay
