#pragma once
/// One answer on its way from a provider to a client: pulled, a piece at a time.
///
///     CO_TRY(auto stream, co_await service.relay_request_stream(request, session_hash));
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

#include "base/release.hpp"
#include "dialect/dialect.hpp"
#include "http/client_exchange.hpp"
#include "http/exchange.hpp"
#include "net/frame_pool.hpp"
#include "relay/record.hpp"
#include "relay/snapshot.hpp"
#include "wire/content_decoder.hpp"

namespace sluice::relay {

/// Bytes for the client, as they are.
struct Data {
  std::string_view bytes;
};
using StreamChunk = std::variant<Data, meter::Usage>;

/// What the threads of the relay share with each of its requests.
struct RelayContext {
  net::Loop& loop;
  http::ConnectionPool& connections;
  http::BufferBudget& budget;
  metrics::ThreadMetrics& metrics;
};

/// A client's request, read and admitted. The exchange outlives the stream.
struct RelayRequest {
  http::Exchange& exchange;
  const dialect::Dialect& dialect;
  std::shared_ptr<const Snapshot> snapshot;
  std::size_t route;  // of the key, to its accounts
  std::string_view method;
  std::string_view path;  // as the provider knows it
  std::string query;      // without the client's key
  std::string_view body;  // empty: none
  // Where the model stands in the body; length 0: nowhere.
  std::size_t model_offset = 0;
  std::size_t model_length = 0;
  std::string edited_body = {};  // goes out in place of `body`, unless empty
  bool stream = false;           // the client asked for a stream
  admit::SlotLease key_slot = {};
  OpenRecord record;
};

class RelayStream : public net::Pooled {
 public:
  /// Held back before the first output at most; also the size up to which an answer is read whole before it is sent.
  static constexpr std::size_t held_bytes_max = 1 << 20;
  /// An event cut between reads waits for its end up to this size; longer ones pass on in pieces.
  static constexpr std::size_t tail_bytes_max = 64 << 10;
  /// A whole answer longer than that is relayed, but its usage is not read.
  static constexpr std::size_t metered_bytes_max = 16 << 20;
  /// Reads that find something before the thread's other requests have a turn: at most 1 MiB.
  static constexpr int reads_a_turn = 16;

  RelayStream(RelayContext& context, RelayRequest request, routing::AccountLease lease);
  RelayStream(const RelayStream&) = delete;
  RelayStream& operator=(const RelayStream&) = delete;
  ~RelayStream();

  /// Calls the provider, and reads until the answer is decided: its status, and its first output. Errors are the
  /// refusals that the client is to get; client_gone.
  [[nodiscard]] net::Task<Status> start();

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
  /// The client is not there any more. True: the answer is read on for its usage (`on_client_gone = "drain"`, bounded by
  /// drain_limit_seconds), and nothing more is written.
  [[nodiscard]] bool go_on_without_client();
  [[nodiscard]] bool client_is_there() const { return client_is_there_; }

 private:
  enum class Form : std::uint8_t {
    undecided,
    events,   // an event stream that we can read into
    encoded,  // an event stream under a content coding: read beside, never written into
    whole,    // one document
  };
  // Before the first output.
  [[nodiscard]] net::Task<Status> call();
  [[nodiscard]] net::Task<Status> call_once(bool fresh);
  [[nodiscard]] net::Task<Status> prepare();
  void choose_form(std::string_view first_bytes);
  [[nodiscard]] Status conclude();
  [[nodiscard]] Status conclude_events();
  [[nodiscard]] Status conclude_document();
  [[nodiscard]] Status tell_in_band(const Error& error);
  void note_told_failure();

  /// For the provider, watching the client. Who waits does so itself: the usual wait needs no coroutine of its own.
  [[nodiscard]] net::WaitFor waits(bool wants_write, TimePoint deadline) const;
  /// After a wait that brought nothing: keeps the client's stream alive, or says why not. Errors: client_gone;
  /// upstream_timeout, which names `limit`.
  [[nodiscard]] net::Task<Status> after_silence(net::Wake wake, TimePoint deadline,
                                                const char* limit);
  [[nodiscard]] net::Task<Status> keep_alive();
  [[nodiscard]] std::unexpected<Error> out_of_time(const char* limit) const;
  [[nodiscard]] TimePoint keepalive_due() const;
  [[nodiscard]] bool may_begin_early() const;

  // While it flows.
  void meter(std::string_view bytes);
  [[nodiscard]] std::string_view first_chunk();
  [[nodiscard]] std::string_view whole_events(std::string_view bytes);
  void end_of_body();
  void break_off(const Error& error);
  void read_document_usage();
  [[nodiscard]] meter::Usage usage() const;

  [[nodiscard]] const provider::Upstream& upstream() const;
  void note_failure(const Error& error);

  RelayContext& context_;
  RelayRequest request_;
  routing::AccountLease lease_;
  std::unique_ptr<http::ClientExchange> provider_;
  std::unique_ptr<dialect::StreamTap> tap_;
  std::unique_ptr<wire::ContentDecoder> decoder_;
  http::BufferBudget::Lease held_lease_;

  std::string fields_;
  std::string
      held_;  // not sent yet: what came before the first output, then an event that isn't whole
  std::string out_;          // keeps what the last chunk shows
  std::string document_;     // a copy of a whole answer, for its usage, where `held_` isn't it
  std::string error_event_;  // of ours, to be sent in-band
  std::optional<std::uint64_t> length_;
  int status_ = 0;
  Form form_ = Form::undecided;
  metrics::AttemptResult attempt_ = metrics::AttemptResult::cancelled;
  TimePoint total_deadline_ = time_never;
  TimePoint idle_deadline_ = time_never;
  TimePoint keepalive_at_ = time_never;
  std::uint64_t seen_events_ = 0;
  int reads_in_a_row_ = 0;
  bool client_is_there_ = true;
  bool committed_ = false;  // a head went to the client before the provider's was here
  bool output_begun_ = false;
  bool in_long_event_ = false;  // the first part of an unfinished event is with the client already
  bool body_ended_ = false;
  bool broken_ = false;
  bool complete_ = false;
  bool copying_ = false;  // into document_
  bool readable_ = true;  // its coding is one that we know
};

}  // namespace sluice::relay
