#include <gtest/gtest.h>

#include <openssl/ssl.h>

#include <map>

#include "net/dialer.hpp"
#include "net/testing.hpp"
#include "net/testing_certificates.hpp"

namespace sluice::net {
namespace {

using namespace std::string_literals;
using std::chrono::seconds;
using testing::Fd;
using testing::loopback;
using testing::ManualLoop;
using testing::TestAuthority;
using Dialled = Result<std::unique_ptr<Stream>>;

/// Dials through a proxy whose part the test plays.
class DialerProxyTest : public ::testing::Test {
 protected:
  DialerProxyTest() {
    Address address = loopback();
    listener_ = testing::listening(address);
    port_ = address.port();
    names_["proxy.test"] = {address};
  }
  Origin origin(Proxy::Kind kind) {
    Proxy proxy{.kind = kind, .host = "proxy.test", .port = port_, .user = "ada"};
    return {.tls = false,
            .host = "api.test",
            .port = 80,
            .ca_file = {},
            .proxy = ProxyRef(std::move(proxy))};
  }
  void dial(Proxy::Kind kind, Descriptor* gone = nullptr) {
    Target target{.origin = origin(kind), .tls = nullptr};
    bench_.start(dialer_.dial(bench_.loop, bench_.timer, std::move(target),
                              bench_.loop.now() + seconds(10), gone),
                 stream_);
  }
  /// The next connection to the proxy.
  Fd accept() {
    int fd = -1;
    bench_.until([&] {
      fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      return fd >= 0;
    });
    return Fd(fd);
  }
  /// What the dialer says next.
  std::string hear(const Fd& proxy) {
    std::optional<std::string> heard;
    bench_.until([&] { return (heard = proxy.receive()).has_value(); });
    return heard.value_or("");
  }
  const Dialled& result() {
    bench_.until([&] { return stream_.has_value(); });
    return *stream_;
  }
  std::string failure() { return result() ? "" : result().error().context; }

  Fd listener_;
  std::uint16_t port_ = 0;
  std::map<std::string, Addresses> names_;
  std::vector<std::string> ruled_;  // addresses that the rule was asked about
  ManualLoop bench_;
  BlockingPool pool_{1};
  Resolver resolver_{bench_.clock, pool_, [this](const std::string& host) -> Result<Addresses> {
                       const auto found = names_.find(host);
                       if (found != names_.end()) return found->second;
                       return fail(Errc::upstream_unreachable, Side::provider,
                                   "the name " + host + " does not resolve", Retry::other_account);
                     }};
  Dialer dialer_{resolver_, [this](const Origin&, const Address& address) -> Status {
                   ruled_.push_back(address.host());
                   if (address.host() != "192.0.2.66") return {};
                   return fail(Errc::not_allowed, Side::gateway, "a forbidden address");
                 }};
  std::optional<Dialled> stream_;
};

TEST_F(DialerProxyTest, ConnectLeavesTheNameToTheProxy) {
  dial(Proxy::Kind::http);
  const Fd proxy = accept();
  EXPECT_TRUE(hear(proxy).starts_with("CONNECT api.test:80 HTTP/1.1\r\n"));
  proxy.send("HTTP/1.1 200 ");
  bench_.settle();
  EXPECT_FALSE(stream_);
  proxy.send("OK\r\n\r\n");
  ASSERT_TRUE(result());
  EXPECT_TRUE(ruled_.empty());

  const iovec part{const_cast<char*>("hello"), 5};
  EXPECT_EQ((*result())->write({&part, 1}).bytes, 5U);
  EXPECT_EQ(hear(proxy), "hello");
}

TEST_F(DialerProxyTest, Socks5hLeavesTheNameToTheProxy) {
  dial(Proxy::Kind::socks5h);
  const Fd proxy = accept();
  EXPECT_EQ(hear(proxy), "\x05\x02\x00\x02"s);
  proxy.send("\x05\x00"s);
  EXPECT_EQ(hear(proxy), "\x05\x01\x00\x03\x08"s + "api.test" + "\x00\x50"s);
  proxy.send("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"s);
  EXPECT_TRUE(result());
  EXPECT_TRUE(ruled_.empty());
}

TEST_F(DialerProxyTest, Socks5TriesTheAddressesThatTheRulePermits) {
  names_["api.test"] = {loopback("192.0.2.66"), loopback("2001:db8::1"), loopback("192.0.2.7")};
  dial(Proxy::Kind::socks5);
  {
    const Fd proxy = accept();
    hear(proxy);
    proxy.send("\x05\x00"s);
    EXPECT_EQ(hear(proxy)[3], 4) << "IPv6 first, as the resolver said";
    proxy.send("\x05\x08"s);
  }
  const Fd proxy = accept();
  hear(proxy);
  proxy.send("\x05\x00"s);
  EXPECT_EQ(hear(proxy), "\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x50"s);
  proxy.send("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"s);
  EXPECT_TRUE(result());
  EXPECT_EQ(ruled_.size(), 3U);
}

TEST_F(DialerProxyTest, Socks5RefusesWhatTheRuleForbids) {
  names_["api.test"] = {loopback("192.0.2.66")};
  dial(Proxy::Kind::socks5);
  EXPECT_EQ(failure(), "connect: a forbidden address");
}

TEST_F(DialerProxyTest, TellsWhichStepFailed) {
  dial(Proxy::Kind::http);
  accept().close();
  EXPECT_EQ(failure(), "proxy: it closed the connection instead of leading on");
  EXPECT_EQ(result().error().code, Errc::upstream_unreachable);
  EXPECT_EQ(result().error().retry, Retry::other_account);

  stream_.reset();
  listener_.close();
  dial(Proxy::Kind::socks5h);
  EXPECT_EQ(failure(), "proxy: connect: Connection refused");

  stream_.reset();
  bench_.pass(Resolver::fresh_for + Resolver::stale_for);
  names_.clear();
  dial(Proxy::Kind::socks5h);
  EXPECT_EQ(failure(), "proxy: the name proxy.test does not resolve");
}

TEST_F(DialerProxyTest, AProxyIsNeverACloudsMetadataService) {
  names_["proxy.test"] = {loopback("169.254.169.254")};
  dial(Proxy::Kind::http);
  EXPECT_EQ(failure(), "proxy: its name leads to a cloud metadata address");
}

TEST_F(DialerProxyTest, OneDeadlineIsForAllSteps) {
  dial(Proxy::Kind::socks5h);
  bench_.pass(seconds(4));
  const Fd proxy = accept();
  hear(proxy);
  proxy.send("\x05\x00"s);
  hear(proxy);
  bench_.pass(seconds(5));
  EXPECT_FALSE(stream_);
  bench_.pass(seconds(2));
  ASSERT_TRUE(stream_);
  EXPECT_EQ(result().error().code, Errc::upstream_timeout);
  EXPECT_EQ(failure(), "proxy: its answer took longer than connect_timeout_ms");
  EXPECT_EQ(proxy.receive(), "") << "closed";
}

TEST_F(DialerProxyTest, StopsWhenTheClientLeaves) {
  testing::Pair pair = testing::unix_pair();
  Descriptor client;
  ASSERT_TRUE(client.open(bench_.loop, pair.near.release()));
  dial(Proxy::Kind::http, &client);
  const Fd proxy = accept();
  hear(proxy);
  pair.far.close();
  ASSERT_FALSE(result());
  EXPECT_EQ(result().error().code, Errc::client_gone);
}

// --- TLS within TLS

/// Moves what comes in at `from` out of `to`, until one of them ends.
Task<void> pump(Loop& loop, Stream& from, Stream& to) {
  Timer timer;
  std::array<char, 8192> bytes;
  for (;;) {
    const IoResult got = from.read(bytes);
    if (got.kind == IoResult::Kind::ok) {
      iovec part{bytes.data(), got.bytes};
      co_await write_all(loop, timer, to, {&part, 1}, WriteBounds{});
    } else if (got.kind == IoResult::Kind::again) {
      const WaitFor what{.read = &from.descriptor()};
      co_await Wait(loop, timer, what);
    } else {
      co_return to.shutdown_write();
    }
  }
}

/// An https proxy: TLS, one CONNECT, and then everything goes on to `inner`.
Task<void> serve_proxy(Loop& loop, Stream& outer, Stream& inner, TaskSet& tasks) {
  Timer timer;
  if (!co_await tls_handshake(loop, timer, outer, time_never, nullptr)) co_return;
  std::string request;
  while (!request.ends_with("\r\n\r\n")) {
    std::array<char, 512> bytes;
    const IoResult got = outer.read(bytes);
    request.append(bytes.data(), got.bytes);
    const WaitFor what{.read = &outer.descriptor()};
    if (got.kind == IoResult::Kind::again) co_await Wait(loop, timer, what);
  }
  iovec answer{const_cast<char*>("HTTP/1.1 200 OK\r\n\r\n"), 19};
  co_await write_all(loop, timer, outer, {&answer, 1}, WriteBounds{});
  tasks.start(pump(loop, outer, inner));
  co_await pump(loop, inner, outer);
}

/// A provider: TLS, and says back what it hears.
Task<void> serve_echo(Loop& loop, Stream& stream) {
  Timer timer;
  if (!co_await tls_handshake(loop, timer, stream, time_never, nullptr)) co_return;
  co_await pump(loop, stream, stream);
}

Task<std::string> exchange(Loop& loop, Stream& stream, std::string text) {
  Timer timer;
  std::string back;
  std::size_t sent = 0;
  while (back.size() < text.size()) {
    const iovec part{text.data() + sent, text.size() - sent};
    const IoResult put =
        sent < text.size() ? stream.write({&part, 1}) : IoResult{.kind = IoResult::Kind::again};
    sent += put.bytes;
    std::array<char, 8192> bytes;
    const IoResult got = stream.read(bytes);
    back.append(bytes.data(), got.bytes);
    if (put.kind == IoResult::Kind::ok || got.kind == IoResult::Kind::ok) continue;
    if (got.kind != IoResult::Kind::again) break;
    Descriptor& self = stream.descriptor();
    const WaitFor what{.read = &self, .write = sent < text.size() ? &self : nullptr};
    co_await Wait(loop, timer, what);
  }
  co_return back;
}

TEST_F(DialerProxyTest, TlsGoesThroughTls) {
  TestAuthority authority;
  const auto proxy_files = authority.issue("DNS:proxy.test");
  const auto api_files = authority.issue("DNS:api.test");
  const auto proxy_context = *TlsServerContext::load(proxy_files.certificate, proxy_files.key);
  const auto api_context = *TlsServerContext::load(api_files.certificate, api_files.key);
  const auto client_context = *TlsClientContext::create(authority.ca_file());
  for (int round = 0; round < 2; ++round) {
    stream_.reset();
    Target target{
        .origin = origin(Proxy::Kind::https), .tls = client_context, .proxy_tls = client_context};
    target.origin.tls = true;
    bench_.start(dialer_.dial(bench_.loop, bench_.timer, std::move(target), time_never, nullptr),
                 stream_);
    testing::Pair between = testing::tcp_pair();
    Stream outer;
    Stream onward;
    Stream provider;
    ASSERT_TRUE(outer.open(bench_.loop, accept().release()));
    outer.start_tls(proxy_context->accept(outer.descriptor().fd()));
    ASSERT_TRUE(onward.open(bench_.loop, between.near.release()));
    ASSERT_TRUE(provider.open(bench_.loop, between.far.release()));
    provider.start_tls(api_context->accept(provider.descriptor().fd()));
    TaskSet tasks;
    tasks.start(serve_echo(bench_.loop, provider));
    tasks.start(serve_proxy(bench_.loop, outer, onward, tasks));
    ASSERT_TRUE(result()) << failure();

    std::string text;
    for (int i = 0; i < 300'000; ++i) text += static_cast<char>('a' + i % 23);
    EXPECT_EQ(bench_.run(exchange(bench_.loop, ***stream_, text)), text);
    EXPECT_EQ(SSL_session_reused((**stream_)->tls().get()), round) << "by its own name";

    (**stream_)->close();
    bench_.until([&] { return tasks.size() == 0; });
  }
}

TEST_F(DialerProxyTest, TlsWithinTlsIsVerifiedTwice) {
  TestAuthority authority;
  const auto files = authority.issue("DNS:proxy.test");
  const auto server = *TlsServerContext::load(files.certificate, files.key);
  const auto trusting = *TlsClientContext::create(authority.ca_file());
  TestAuthority other;
  const auto doubting = *TlsClientContext::create(other.ca_file());
  for (const bool doubts_proxy : {true, false}) {
    stream_.reset();
    Target target{.origin = origin(Proxy::Kind::https),
                  .tls = trusting,
                  .proxy_tls = doubts_proxy ? doubting : trusting};
    target.origin.tls = true;
    bench_.start(dialer_.dial(bench_.loop, bench_.timer, std::move(target), time_never, nullptr),
                 stream_);
    testing::Pair between = testing::tcp_pair();
    Stream outer;
    Stream onward;
    Stream provider;
    ASSERT_TRUE(outer.open(bench_.loop, accept().release()));
    outer.start_tls(server->accept(outer.descriptor().fd()));
    ASSERT_TRUE(onward.open(bench_.loop, between.near.release()));
    ASSERT_TRUE(provider.open(bench_.loop, between.far.release()));
    // The proxy's own certificate, shown again: not the provider's.
    provider.start_tls(server->accept(provider.descriptor().fd()));
    TaskSet tasks;
    tasks.start(serve_echo(bench_.loop, provider));
    tasks.start(serve_proxy(bench_.loop, outer, onward, tasks));
    const std::string why = failure();
    EXPECT_TRUE(why.starts_with(doubts_proxy ? "proxy: TLS: certificate not accepted"
                                             : "TLS: certificate not accepted"))
        << why;
    tasks.clear();
  }
}

}  // namespace
}  // namespace sluice::net
