/// `sluice check`, the part that knocks at providers: name, TCP, TLS. It blocks, one account after the other.

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "app/brief_loop.hpp"
#include "app/check.hpp"
#include "provider/account_way.hpp"

namespace sluice::app {
namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;
using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

std::unexpected<Error> unreachable(std::string why) {
  return fail(Errc::upstream_unreachable, Side::provider, std::move(why));
}

Result<AddressList> resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (code != 0) {
    return unreachable(fmt::format("the name {} does not resolve ({}); check base_url and DNS",
                                   host, gai_strerror(code)));
  }
  return AddressList(found, freeaddrinfo);
}

/// Empty when connected, else why not.
std::string connect(int fd, const addrinfo& address, Milliseconds timeout) {
  if (::connect(fd, address.ai_addr, address.ai_addrlen) == 0) return {};
  if (errno != EINPROGRESS) return std::strerror(errno);
  pollfd waiter{fd, POLLOUT, 0};
  if (poll(&waiter, 1, static_cast<int>(timeout.count())) != 1) {
    return fmt::format("no answer within {} ms", timeout.count());
  }
  int code = 0;
  socklen_t length = sizeof code;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length);
  return code == 0 ? std::string() : std::strerror(code);
}

/// From here on the socket blocks, each read and write for at most `timeout`.
void make_blocking(int fd, Milliseconds timeout) {
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  const timeval limit{timeout.count() / 1000, timeout.count() % 1000 * 1000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

Result<Context> make_context(const std::string& ca_file) {
  Context context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (!context) return unreachable("TLS is not available");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  const int loaded = ca_file.empty()
                         ? SSL_CTX_set_default_verify_paths(context.get())
                         : SSL_CTX_load_verify_locations(context.get(), ca_file.c_str(), nullptr);
  if (loaded != 1) {
    ERR_clear_error();
    return unreachable(fmt::format("ca_file {} can't be loaded; it must be PEM", ca_file));
  }
  return context;
}

/// The protocol that was agreed on.
Result<std::string> shake_hands(int fd, const provider::UpstreamUrl& url,
                                const std::string& ca_file) {
  TRY(const Context context, make_context(ca_file));
  const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context.get()), SSL_free);
  if (!tls || SSL_set_fd(tls.get(), fd) != 1) return unreachable("TLS is not available");
  if (net::IpAddress::parse(url.host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls.get()), url.host.c_str());
  } else {
    SSL_set1_host(tls.get(), url.host.c_str());
    SSL_set_tlsext_host_name(tls.get(), url.host.c_str());
  }
  if (SSL_connect(tls.get()) == 1) return std::string(SSL_get_version(tls.get()));
  const long verdict = SSL_get_verify_result(tls.get());
  if (verdict != X509_V_OK) {
    ERR_clear_error();
    return unreachable(
        fmt::format("its certificate is not trusted ({}); set ca_file to the CA that issued it",
                    X509_verify_cert_error_string(verdict)));
  }
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  const std::string why = reason != nullptr ? reason : "the connection was closed or timed out";
  ERR_clear_error();
  return unreachable(fmt::format("no TLS ({}); check the scheme and port of base_url", why));
}

/// Of the addresses a name has, for people.
std::string listing(const addrinfo* address) {
  std::string out;
  for (; address != nullptr; address = address->ai_next) {
    const auto ip = net::IpAddress::from(*address->ai_addr);
    if (!ip) continue;
    if (!out.empty()) out += ", ";
    out += ip->str();
  }
  return out;
}

CheckLine failed(std::string_view step, const Error& error) {
  return {Grade::fail, std::string(step), error.context};
}

/// Connects to the first address that answers, and shakes hands there.
void connect_and_secure(const provider::UpstreamUrl& url, const std::string& ca_file,
                        const addrinfo* addresses, provider::PrivateUpstreams private_upstreams,
                        Milliseconds timeout, std::vector<CheckLine>& steps) {
  std::string why;
  for (const addrinfo* address = addresses; address != nullptr; address = address->ai_next) {
    const auto ip = net::IpAddress::from(*address->ai_addr);
    if (!ip) continue;
    const Status permitted = provider::permit_upstream_address(url, *ip, private_upstreams);
    if (!permitted) return steps.push_back(failed("connect", permitted.error()));
    const Socket socket(
        ::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    why = socket.fd() < 0 ? std::strerror(errno) : connect(socket.fd(), *address, timeout);
    if (!why.empty()) {
      why = fmt::format("{}: {}", ip->str(), why);
      continue;
    }
    steps.push_back({Grade::ok, "connect", fmt::format("{} port {} answers", ip->str(), url.port)});
    if (!url.tls) return;
    make_blocking(socket.fd(), timeout);
    const auto protocol = shake_hands(socket.fd(), url, ca_file);
    if (!protocol) return steps.push_back(failed("tls", protocol.error()));
    return steps.push_back({Grade::ok, "tls", *protocol + ", certificate trusted"});
  }
  steps.push_back({Grade::fail, "connect",
                   fmt::format("no connection ({}); check the network and firewall", why)});
}

CheckLine reach_through_proxy(const provider::UpstreamUrl& url,
                              const provider::AccountSettings& account,
                              provider::PrivateUpstreams private_upstreams, Milliseconds timeout) {
  auto origin = provider::origin_of(url, account);
  if (!origin) return failed("proxy", origin.error());
  const std::string by = origin->proxy->text();
  const Status reached = BriefLoop(private_upstreams).reach(*std::move(origin), timeout);
  if (!reached) {
    return {Grade::fail, "proxy",
            fmt::format("no connection to {} port {} through {} ({}); check the proxy's URL, user "
                        "and rules",
                        url.host, url.port, by, reached.error().context)};
  }
  return {Grade::ok, "proxy",
          fmt::format("{} leads to {} port {}{}", by, url.host, url.port,
                      url.tls ? ", certificate trusted" : "")};
}

}  // namespace

std::vector<CheckLine> reach_steps(const provider::AccountSettings& account,
                                   provider::PrivateUpstreams private_upstreams,
                                   Milliseconds timeout) {
  std::vector<CheckLine> steps;
  const auto url = provider::parse_upstream_url(account.base_url);
  if (!url) return {failed("base_url", url.error())};
  if (const Status permitted = provider::permit_upstream(*url, private_upstreams); !permitted)
    return {failed("base_url", permitted.error())};
  if (!account.proxy.empty())
    return {reach_through_proxy(*url, account, private_upstreams, timeout)};
  const auto addresses = resolve(url->host, url->port);
  if (!addresses) return {failed("dns", addresses.error())};
  steps.push_back(
      {Grade::ok, "dns", fmt::format("{} is {}", url->host, listing(addresses->get()))});
  connect_and_secure(*url, account.ca_file, addresses->get(), private_upstreams, timeout, steps);
  return steps;
}

CheckLine check_reach(const provider::AccountSettings& account,
                      provider::PrivateUpstreams private_upstreams, Milliseconds timeout) {
  const std::string subject = fmt::format("account {}", account.name);
  std::string passed;
  for (const CheckLine& step : reach_steps(account, private_upstreams, timeout)) {
    if (step.grade == Grade::warn) return {Grade::warn, subject, step.message};
    if (step.grade == Grade::fail)
      return {Grade::fail, subject, fmt::format("{}: {}", account.base_url, step.message)};
    if (step.subject != "dns") passed += ", " + step.message;
  }
  return {Grade::ok, subject, account.base_url + passed};
}

}  // namespace sluice::app
