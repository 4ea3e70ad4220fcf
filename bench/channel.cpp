#include "channel.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace sluice::bench {
namespace {

constexpr std::size_t connections_per_source = 20'000;
constexpr int backlog = 4096;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void set(int fd, int level, int option) {
  const int on = 1;
  if (setsockopt(fd, level, option, &on, sizeof on) != 0) fail("setsockopt");
}

sockaddr_in loopback(std::uint32_t host, std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(host);
  out.sin_port = htons(port);
  return out;
}

TlsContext context(const SSL_METHOD* method) {
  TlsContext out(SSL_CTX_new(method), &SSL_CTX_free);
  if (!out) throw std::runtime_error("OpenSSL gives no context");
  SSL_CTX_set_mode(out.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return out;
}

}  // namespace

TlsContext tls_server(const std::string& certificate, const std::string& key) {
  TlsContext out = context(TLS_server_method());
  if (SSL_CTX_use_certificate_chain_file(out.get(), certificate.c_str()) != 1)
    throw std::runtime_error("no certificate in " + certificate);
  if (SSL_CTX_use_PrivateKey_file(out.get(), key.c_str(), SSL_FILETYPE_PEM) != 1)
    throw std::runtime_error("no private key in " + key);
  return out;
}

TlsContext tls_client() {
  TlsContext out = context(TLS_client_method());
  SSL_CTX_set_verify(out.get(), SSL_VERIFY_NONE, nullptr);
  return out;
}

Channel::Channel(int fd, SSL_CTX* tls, Role role) : fd_(fd) {
  set(fd_, IPPROTO_TCP, TCP_NODELAY);
  if (tls == nullptr) return;
  tls_ = SSL_new(tls);
  if (tls_ == nullptr || SSL_set_fd(tls_, fd_) != 1)
    throw std::runtime_error("OpenSSL gives no connection");
  role == Role::client ? SSL_set_connect_state(tls_) : SSL_set_accept_state(tls_);
}

Channel::~Channel() {
  SSL_free(tls_);
  close(fd_);
}

Channel::Transfer Channel::tls_result(int returned) {
  if (returned > 0) return {Outcome::moved, static_cast<std::size_t>(returned)};
  const int why = SSL_get_error(tls_, returned);
  ERR_clear_error();
  const bool waits = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
  return {waits ? Outcome::again : Outcome::ended};
}

Channel::Transfer Channel::read(std::span<char> into) {
  if (tls_ != nullptr)
    return tls_result(SSL_read(tls_, into.data(), static_cast<int>(into.size())));
  const ssize_t got = recv(fd_, into.data(), into.size(), 0);
  if (got > 0) return {Outcome::moved, static_cast<std::size_t>(got)};
  return {got < 0 && errno == EAGAIN ? Outcome::again : Outcome::ended};
}

Channel::Transfer Channel::write(std::string_view bytes) {
  if (tls_ != nullptr)
    return tls_result(SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size())));
  const ssize_t put = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (put >= 0) return {Outcome::moved, static_cast<std::size_t>(put)};
  return {errno == EAGAIN || errno == ENOTCONN ? Outcome::again : Outcome::ended};
}

int listen_on_loopback(std::uint16_t& port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  set(fd, SOL_SOCKET, SO_REUSEADDR);
  sockaddr_in address = loopback(INADDR_LOOPBACK, port);
  socklen_t size = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0) fail("bind");
  if (listen(fd, backlog) != 0) fail("listen");
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) fail("getsockname");
  port = ntohs(address.sin_port);
  return fd;
}

int connect_from_loopback(const std::string& host, std::uint16_t port, std::size_t nth) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  if (const auto beyond = static_cast<std::uint32_t>(nth / connections_per_source); beyond > 0) {
    set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
    sockaddr_in from = loopback(INADDR_LOOPBACK + beyond, 0);
    if (bind(fd, reinterpret_cast<sockaddr*>(&from), sizeof from) != 0) fail("bind");
  }
  sockaddr_in to = loopback(0, port);
  if (inet_pton(AF_INET, host.c_str(), &to.sin_addr) != 1)
    throw std::runtime_error("--host wants a dotted address, not \"" + host + "\"");
  if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0 && errno != EINPROGRESS)
    fail("connect");
  return fd;
}

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) fail("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) fail("setrlimit");
  return limit.rlim_cur;
}

}  // namespace sluice::bench
