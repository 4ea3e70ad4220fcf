#pragma once
/// TLS by OpenSSL directly on the non-blocking socket: 32 KiB a connection where asio::ssl takes 81. TLS 1.2 and up,
/// sessions are resumed on both sides, idle connections give their record buffers back.

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/error.hpp"

using SSL = struct ssl_st;
using SSL_CTX = struct ssl_ctx_st;
using SSL_SESSION = struct ssl_session_st;

namespace sluice::net {

struct TlsDeleter {
  void operator()(SSL* session) const;
  void operator()(SSL_CTX* context) const;
  void operator()(SSL_SESSION* session) const;
};
using TlsSession = std::unique_ptr<SSL, TlsDeleter>;

/// What our listener presents. Shared by all threads; replaced as a whole on reload.
class TlsServerContext {
 public:
  /// PEM files. Errc::invalid_config names the file and what is wrong with it.
  static Result<std::shared_ptr<TlsServerContext>> load(const std::string& certificate_file,
                                                        const std::string& key_file);
  [[nodiscard]] TlsSession accept(int fd) const;

 private:
  std::unique_ptr<SSL_CTX, TlsDeleter> context_;
};

/// How we speak to providers: verified against the system's authorities, or those of one file.
/// Remembers one session a server, for resumption. Any thread.
class TlsClientContext {
 public:
  enum class Trust : std::uint8_t { file_alone, file_and_system };
  /// The system's authorities where `ca_file` is empty.
  static Result<std::shared_ptr<TlsClientContext>> create(const std::string& ca_file,
                                                          Trust trust = Trust::file_alone);
  /// Sends `host` as SNI and demands a certificate for it (an IP literal: for that address). Null: no memory, or a
  /// name that no certificate can be demanded for. A session is resumed that was had under the same `resumption_name`; empty:
  /// the host's.
  [[nodiscard]] TlsSession connect(int fd, const std::string& host,
                                   const std::string& resumption_name = {}) const;
  /// TLS within TLS: `outer`, whose handshake is done, carries it and ends with it.
  [[nodiscard]] TlsSession connect_within(TlsSession outer, const std::string& host,
                                          const std::string& resumption_name) const;
  ~TlsClientContext();

 private:
  struct Sessions;
  [[nodiscard]] bool prepare(SSL* session, const std::string& host,
                             const std::string& resumption_name) const;
  std::unique_ptr<SSL_CTX, TlsDeleter> context_;
  std::unique_ptr<Sessions> sessions_;
  TlsClientContext() = default;
};

/// Why the last TLS operation of `session` failed: the verification's own words where it was that. Clears the queue.
[[nodiscard]] std::string tls_failure(const TlsSession& session);

}  // namespace sluice::net
