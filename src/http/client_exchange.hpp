#pragma once
/// One request to a provider and its answer, on a connection of the pool. Dropping it closes the connection, so that the
/// provider stops generating; only an answer read to its clean end gives the connection back.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/connection_pool.hpp"
#include "net/frame_pool.hpp"
#include "wire/chunked.hpp"
#include "wire/http_head.hpp"

namespace sluice::http {

/// What a read of the body gave.
struct BodyRead {
  enum class Kind : std::uint8_t {
    bytes,  // `bytes`, without any framing; valid until the next `co_await`
    again,  // wait for the connection, then read again
    end,    // the body is complete
  };
  Kind kind = Kind::again;
  bool wants_write = false;
  std::string_view bytes = {};
};

class ClientExchange : public net::Pooled {
 public:
  ClientExchange(net::Loop& loop, ConnectionPool& pool, std::unique_ptr<Connection> connection)
      : loop_(loop), pool_(pool), connection_(std::move(connection)) {}
  ClientExchange(const ClientExchange&) = delete;
  ClientExchange& operator=(const ClientExchange&) = delete;
  ~ClientExchange() { abandon(); }

  /// Sends head and body. A provider that answers before it has read everything is no error: the answer tells why.
  /// Errors: upstream_unreachable (the connection broke: see `untouched`), upstream_timeout, client_gone.
  [[nodiscard]] net::Task<Status> send(net::Timer& timer, std::string_view head,
                                       std::string_view body, Milliseconds stall,
                                       net::Descriptor* gone);

  /// One step towards the response head: true when it is here, false: wait (until readable) and ask again. Interim
  /// responses are skipped, up to `interim_max`.
  /// Errors: upstream_invalid, upstream_unreachable (the connection ended before an answer).
  [[nodiscard]] Result<bool> read_head(bool head_request);
  [[nodiscard]] const wire::ResponseHead& head() const { return head_; }
  void release_head();

  /// The next bytes of the body: everything that one read brought, put together. Never waits.
  /// Errors: upstream_invalid (broken framing, or the connection ended before the body did).
  [[nodiscard]] Result<BodyRead> read_body();

  /// The provider can't have seen anything: a reused connection that ended before its first byte.
  [[nodiscard]] bool untouched() const { return connection_ && connection_->reused && !heard_; }
  [[nodiscard]] net::Descriptor& descriptor() { return connection_->stream->descriptor(); }
  [[nodiscard]] bool is_open() const { return connection_ != nullptr; }
  /// Closes the connection.
  void abandon();

 private:
  static constexpr int interim_max = 16;
  static constexpr wire::HeadLimits head_limits{.bytes_max = 65536, .count_max = 256};
  [[nodiscard]] bool hears_answer();
  [[nodiscard]] Result<std::string_view> take_framing(std::span<char> raw);
  void complete();

  net::Loop& loop_;
  ConnectionPool& pool_;
  std::unique_ptr<Connection> connection_;
  wire::HeadEndFinder finder_{Side::provider, head_limits.bytes_max};
  std::string input_;  // an unfinished head; then the first bytes of the body
  std::string head_bytes_;
  wire::ResponseHead head_;
  wire::ChunkedDecoder chunks_{Side::provider};
  wire::Framing framing_ = wire::Framing::none;
  std::uint64_t left_ = 0;       // of a sized body
  std::optional<Error> broken_;  // found behind bytes that are still good
  int interims_ = 0;
  bool heard_ = false;  // a byte of the answer
  bool keep_alive_ = false;
  bool sent_whole_ = false;
  bool body_done_ = false;
};

}  // namespace sluice::http
