#pragma once
/// One TCP connection, plain or TLS, non-blocking. Reads and writes are tried directly; who gets `again` waits for the
/// descriptor and tries once more.

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <string>

#include "net/loop.hpp"
#include "net/task.hpp"
#include "net/tls.hpp"

namespace sluice::net {

struct IoResult {
  enum class Kind : std::uint8_t {
    ok,     // `bytes` moved, at least one
    again,  // wait until readable (or writable, see `wants_write`), then try again
    eof,    // the peer ended its side, cleanly: FIN, and close_notify where TLS is spoken
    error,  // reset, broken TLS, or a TLS connection cut without close_notify
  };
  Kind kind = Kind::error;
  bool wants_write = false;
  std::size_t bytes = 0;
};

class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  [[nodiscard]] Status open(Loop& loop, int fd) { return descriptor_.open(loop, fd); }
  /// TLS from here on. The handshake is `handshake()`.
  void start_tls(TlsSession session) { tls_ = std::move(session); }
  /// Likewise, as `TlsClientContext::connect`; within the TLS that is spoken already, if there is any.
  [[nodiscard]] Status start_tls_as_client(const TlsClientContext& context, const std::string& host,
                                           const std::string& resumption_name);
  [[nodiscard]] bool is_tls() const { return static_cast<bool>(tls_); }

  /// One step of the handshake; ok with 0 bytes when it is done.
  [[nodiscard]] IoResult handshake();
  [[nodiscard]] IoResult read(std::span<char> into);
  /// Gathers; may write a part.
  [[nodiscard]] IoResult write(std::span<const iovec> parts);
  /// TLS says good-bye (best effort); then both sides of the socket are closed.
  void close();
  /// Closes so that the peer sees a reset, never a clean end.
  void abort();
  /// Says that no more will be written, and leaves the read side open.
  void shutdown_write();

  [[nodiscard]] Descriptor& descriptor() { return descriptor_; }
  [[nodiscard]] bool is_open() const { return descriptor_.is_open(); }
  /// Bytes that TLS has already decrypted: they are read without waiting.
  [[nodiscard]] bool has_pending() const;
  /// The innermost session: what its handshake came to.
  [[nodiscard]] const TlsSession& tls() const { return tls_; }

 private:
  void drop_tls();
  Descriptor descriptor_;
  TlsSession tls_;
  SSL* outer_ =
      nullptr;  // what carries `tls_`, and belongs to it, on the way through an https proxy
};

/// What is left of `parts` when so many bytes of them were written; its first has something in it, or there is none. Changes
/// the part that was cut.
[[nodiscard]] std::span<iovec> after_bytes(std::span<iovec> parts, std::size_t bytes);

/// Writes everything, or says why not. `gone` ends it early when that peer leaves (null: not watched).
struct WriteBounds {
  Milliseconds stall{60000};  // without a byte taken
  Descriptor* gone = nullptr;
};
[[nodiscard]] Task<Wake> write_all(Loop& loop, Timer& timer, Stream& stream, std::span<iovec> parts,
                                   WriteBounds bounds);

}  // namespace sluice::net
