#pragma once
/// A non-blocking TCP connection, plain or TLS, and the few socket calls both programs share.

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace sluice::bench {

using TlsContext = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

/// What a server offers. Errors: std::runtime_error, naming the file.
[[nodiscard]] TlsContext tls_server(const std::string& certificate, const std::string& key);
/// Verifies nothing: the tools only ever talk to loopback, and who answers is not what they
/// measure.
[[nodiscard]] TlsContext tls_client();

/// One connection. `moved`: bytes went over; `again`: wait for readiness; `ended`: closed or
/// broken, both ways.
class Channel {
 public:
  enum class Outcome : std::uint8_t { moved, again, ended };
  struct Transfer {
    Outcome outcome;
    std::size_t bytes = 0;
  };
  enum class Role : std::uint8_t { client, server };

  /// Takes `fd` over. `tls` may be null for plain TCP and must outlive the channel.
  Channel(int fd, SSL_CTX* tls, Role role);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  [[nodiscard]] Transfer read(std::span<char> into);
  [[nodiscard]] Transfer write(std::string_view bytes);
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool is_tls() const { return tls_ != nullptr; }

 private:
  [[nodiscard]] Transfer tls_result(int returned);

  int fd_;
  SSL* tls_ = nullptr;
};

/// Listens on 127.0.0.1; `port` 0 takes a free one. Gives the socket; `port` becomes the one in
/// use.
[[nodiscard]] int listen_on_loopback(std::uint16_t& port);
/// Starts connecting to `host` (a dotted address). `nth` counts the connections to it: past 20,000
/// each further 20,000 leave from an address 127.0.0.x of their own, as one address has only 28,000
/// ports.
[[nodiscard]] int connect_from_loopback(const std::string& host, std::uint16_t port,
                                        std::size_t nth);
/// As many descriptors as the hard limit lets us have; gives that number.
std::size_t raise_descriptor_limit();

}  // namespace sluice::bench
