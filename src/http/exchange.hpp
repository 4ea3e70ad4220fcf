#pragma once
/// One request of a client and its answer: what a handler gets.
///
///     CO_TRY(auto body, co_await exchange.read_body());
///     co_await exchange.respond(200, "application/json", body);
///
/// or piece by piece:
///
///     exchange.begin(200, fields, std::nullopt);               // kept until the first bytes go
///     if (exchange.write(bytes) == Written::blocked) co_await exchange.flush();
///     co_await exchange.finish();

#include <optional>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "base/ulid.hpp"
#include "http/buffer_budget.hpp"
#include "net/address.hpp"
#include "net/stream.hpp"
#include "wire/head_writer.hpp"
#include "wire/http_head.hpp"

namespace sluice::http {

class Server;
class Handler;

enum class Written : std::uint8_t {
  done,     // the kernel has it
  blocked,  // the client is slow: `flush()` before the next write
  gone,     // the client is not there any more
};

class Exchange {
 public:
  // --- the request; views are valid until `release_request()` ---
  [[nodiscard]] const wire::RequestHead& head() const { return head_; }
  [[nodiscard]] std::string_view path() const { return path_; }
  /// Without the '?'.
  [[nodiscard]] std::string_view query() const { return query_; }
  [[nodiscard]] const net::Address& peer() const { return peer_; }
  [[nodiscard]] bool is_tls() const;
  [[nodiscard]] const Ulid& request_id() const { return id_; }
  /// When the last byte of the head was here.
  [[nodiscard]] TimePoint started() const { return started_; }

  /// The whole body, with room for a parser's padding behind it. At most once.
  /// Errors: body_too_large, request_timeout, overloaded, invalid_request (all Side::client or gateway), client_gone.
  [[nodiscard]] net::Task<Result<std::string_view>> read_body();
  /// The request is not needed any more: an answer that streams for minutes shall not hold it.
  void release_request();

  // --- the answer ---
  /// Lines ("name: value\r\n") that go into whatever head this exchange sends.
  std::string extra_fields;
  /// The whole answer at once.
  [[nodiscard]] net::Task<Status> respond(int status, std::string_view content_type,
                                          std::string_view body, std::string_view fields = {});
  /// Our own refusal: `x-sluice-error`, and the body in the caller's dialect.
  [[nodiscard]] net::Task<Status> refuse(const Error& error, std::string_view fields = {});
  /// Starts an answer; `fields` are lines that end with CRLF, without framing, connection and x-request-id. With a
  /// length exactly that many bytes must follow; without, the body is chunked (HTTP/1.0: ends with the connection).
  void begin(int status, std::string_view fields, std::optional<std::uint64_t> length);
  [[nodiscard]] bool begun() const { return begun_; }
  [[nodiscard]] int status() const { return status_; }
  /// Everything of one call leaves in one system call, with the head if it is still here. Copies what the kernel
  /// doesn't take: `bytes` need not outlive the call.
  [[nodiscard]] Written write(std::string_view bytes);
  [[nodiscard]] net::Task<Status> flush();
  /// Sends a head that has no bytes to go with yet.
  [[nodiscard]] Written write_head() { return write({}); }
  /// The clean end. Afterwards the connection may take the next request.
  [[nodiscard]] net::Task<Status> finish();
  /// The answer ends here and is not whole: the connection is closed so that nobody can take it for complete.
  void cut() { cut_ = true; }

  // --- the connection ---
  [[nodiscard]] net::Loop& loop() { return loop_; }
  /// For the waits of whoever handles this exchange: one at a time.
  [[nodiscard]] net::Timer& timer() { return timer_; }
  /// Watch its `gone` in every wait: a FIN from the client counts as leaving (see docs/life-of-a-request.md).
  [[nodiscard]] net::Descriptor& client() { return stream_.descriptor(); }
  /// Bytes of the answer's body so far.
  [[nodiscard]] std::uint64_t body_bytes() const { return body_bytes_; }

  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange();

 private:
  friend class Session;
  friend class Server;
  Exchange(Server& server, net::Stream& stream, net::Timer& timer, const net::Address& peer,
           std::string& input);
  [[nodiscard]] net::Task<Result<std::string_view>> nothing_to_read();
  [[nodiscard]] net::Task<Result<std::string_view>> read_sized_body();
  [[nodiscard]] net::Task<Result<std::string_view>> read_chunked_body();
  [[nodiscard]] net::Task<Status> more_body(std::span<char> into, TimePoint began,
                                            std::size_t so_far, std::size_t& got);
  [[nodiscard]] net::Task<Status> invite_body();
  [[nodiscard]] bool whole() const { return finished_ && !cut_; }
  void break_off();
  void drop_body();
  [[nodiscard]] std::string make_head(int status, std::string_view fields,
                                      std::optional<std::uint64_t> length);

  Server& server_;
  net::Loop& loop_;
  net::Stream& stream_;
  net::Timer& timer_;
  const net::Address& peer_;
  std::string&
      input_;  // of the connection: this head, then body and whatever was pipelined behind it
  std::size_t head_bytes_ = 0;
  std::size_t consumed_ = 0;  // of input_, by head and body
  wire::RequestHead head_;
  std::string_view path_;
  std::string_view query_;
  std::string body_;       // where the body didn't come whole with the head
  std::string pipelined_;  // read behind a chunked body
  BufferBudget::Lease body_lease_;
  Ulid id_;
  TimePoint started_;

  std::string unsent_;  // head before the first write, or what the kernel didn't take
  std::optional<std::uint64_t> length_left_;
  std::uint64_t body_bytes_ = 0;
  int status_ = 0;
  bool http10_ = false;
  bool head_request_ = false;
  bool body_read_ = false;  // or there is none
  bool keep_alive_ = false;
  bool begun_ = false;
  bool chunked_ = false;
  bool finished_ = false;
  bool cut_ = false;
  bool lost_ = false;  // the client didn't take all that was written: nothing may follow it
};

}  // namespace sluice::http
