#include "http/client_exchange.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "net/testing.hpp"
#include "net/testing_certificates.hpp"

namespace sluice::http {
namespace {

using net::Wake;
using net::testing::Fd;
using net::testing::ManualLoop;
using std::chrono::seconds;
using Kind = BodyRead::Kind;

constexpr std::string_view request = "GET / HTTP/1.1\r\nhost: p\r\n\r\n";

/// An exchange whose provider is the test's own end of a connection.
class ClientExchangeTest : public ::testing::Test {
 protected:
  void TearDown() override { bench_.tasks.clear(); }
  void connect() {
    net::testing::Pair pair = net::testing::tcp_pair();
    provider_ = std::move(pair.far);
    auto connection = std::make_unique<Connection>(live_);
    connection->stream = std::make_unique<net::Stream>();
    ASSERT_TRUE(connection->stream->open(bench_.loop, pair.near.release()));
    connection->origin = origin_;
    use(std::move(connection));
  }
  void use(std::unique_ptr<Connection> connection) {
    exchange_ = std::make_unique<ClientExchange>(bench_.loop, pool_, std::move(connection));
  }
  Status send(std::string_view head = request, std::string_view body = {}) {
    return bench_.run(exchange_->send(bench_.timer, head, body, seconds(60), nullptr));
  }
  net::Task<Status> wait_for_head(bool head_request) {
    for (;;) {
      CO_TRY(const bool here, exchange_->read_head(head_request));
      if (here) co_return Status{};
      const net::WaitFor what{.read = &exchange_->descriptor(),
                              .deadline = bench_.loop.now() + seconds(60)};
      if (co_await net::Wait(bench_.loop, bench_.timer, what) == Wake::timeout) {
        co_return fail(Errc::upstream_timeout, Side::provider, "silent");
      }
    }
  }
  net::Task<Result<std::string>> wait_for_body() {
    std::string all;
    for (;;) {
      CO_TRY(const BodyRead read, exchange_->read_body());
      if (read.kind == Kind::end) co_return all;
      if (read.kind == Kind::bytes) {
        EXPECT_FALSE(read.bytes.empty());
        all += read.bytes;
        continue;
      }
      const net::WaitFor what{.read = &exchange_->descriptor()};
      co_await net::Wait(bench_.loop, bench_.timer, what);
    }
  }
  /// Reads an answer that the provider sends in two pieces, and maybe ends.
  Result<std::string> answer(std::string_view bytes, std::size_t cut, bool ends = false,
                             bool head_request = false) {
    connect();
    EXPECT_TRUE(send());
    bench_.until([&] { return provider_.receive().has_value(); });
    std::optional<Status> head;
    std::optional<Result<std::string>> body;
    provider_.send(bytes.substr(0, cut));
    bench_.start(wait_for_head(head_request), head);
    bench_.settle();
    const bool has_head = head && *head;
    if (has_head) bench_.start(wait_for_body(), body);
    bench_.settle();
    if (exchange_->is_open()) provider_.send(bytes.substr(cut));
    if (ends) provider_.close();
    bench_.until([&] { return head.has_value(); });
    if (!*head) return std::unexpected(head->error());
    if (!has_head) bench_.start(wait_for_body(), body);
    bench_.until([&] { return body.has_value(); });
    return *body;
  }

  ManualLoop bench_;
  net::Origin origin_{.tls = false, .host = "provider.test", .port = 80, .ca_file = {}};
  net::BlockingPool blocking_{1};
  net::Resolver resolver_{bench_.clock, blocking_};
  net::Dialer dialer_{resolver_, [](const auto&, const auto&) { return Status{}; }};
  TlsContexts contexts_;
  ConnectionPool pool_{bench_.loop, dialer_, contexts_};
  std::size_t live_ = 0;
  Fd provider_;
  std::unique_ptr<ClientExchange> exchange_;
};

// --- answers ----------------------------------------------------------------------------------------------------------

TEST_F(ClientExchangeTest, ReadsASizedAnswerHoweverItIsCutAndKeepsTheConnection) {
  constexpr std::string_view bytes = "HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\nhello world";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    ASSERT_EQ(*answer(bytes, cut), "hello world") << cut;
    EXPECT_FALSE(exchange_->is_open());
    auto idle = pool_.take_idle(origin_);
    EXPECT_NE(idle, nullptr) << cut;
  }
}

TEST_F(ClientExchangeTest, ReadsAChunkedAnswerHoweverItIsCutAndKeepsTheConnection) {
  constexpr std::string_view bytes =
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
      "5;ext=1\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nx-trailer: y\r\n\r\n";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    ASSERT_EQ(*answer(bytes, cut), "hello world") << cut;
    EXPECT_NE(pool_.take_idle(origin_), nullptr) << cut;
  }
}

TEST_F(ClientExchangeTest, ReadsAnAnswerThatRunsUntilTheEndHoweverItIsCut) {
  constexpr std::string_view bytes = "HTTP/1.1 200 OK\r\n\r\nhello world";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    ASSERT_EQ(*answer(bytes, cut, true), "hello world") << cut;
    EXPECT_EQ(pool_.idle(), 0U);
  }
}

TEST_F(ClientExchangeTest, AnswersWithoutABodyEndWithTheirHead) {
  EXPECT_EQ(*answer("HTTP/1.1 204 No Content\r\n\r\n", 5), "");
  EXPECT_NE(pool_.take_idle(origin_), nullptr);
  EXPECT_EQ(*answer("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", 5, false, true), "");
  EXPECT_NE(pool_.take_idle(origin_), nullptr);
  EXPECT_EQ(*answer("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 5), "");
  EXPECT_NE(pool_.take_idle(origin_), nullptr);
}

TEST_F(ClientExchangeTest, WhatOneReadBroughtComesTogether) {
  connect();
  ASSERT_TRUE(send());
  provider_.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
  ASSERT_TRUE(bench_.run(wait_for_head(false)));
  provider_.send("1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n");
  bench_.until([&] { return exchange_->descriptor().readable; });
  const auto read = exchange_->read_body();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->bytes, "abcdef");
  EXPECT_EQ(exchange_->read_body()->kind, Kind::again);
}

TEST_F(ClientExchangeTest, SkipsInterimAnswersUpToABound) {
  const std::string early = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
  const std::string final = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
  const std::string both = "HTTP/1.1 100 Continue\r\n\r\n" + early + final;
  for (std::size_t cut = 0; cut <= both.size(); ++cut) {
    ASSERT_EQ(*answer(both, cut), "ok") << cut;
    EXPECT_EQ(exchange_->head().status, 200);
  }
  std::string many;
  for (int i = 0; i < 17; ++i) many += early;
  const auto refused = answer(many + final, 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::upstream_invalid);
}

TEST_F(ClientExchangeTest, ExtraBytesAreDroppedWithTheConnection) {
  for (const std::string_view bytes :
       {"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nX",
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nX"}) {
    const auto body = answer(bytes, bytes.size());
    ASSERT_TRUE(body);
    EXPECT_TRUE(*body == "ok" || body->empty());
    EXPECT_EQ(pool_.idle(), 0U) << bytes;
  }
}

TEST_F(ClientExchangeTest, AnAnswerThatSaysCloseIsNotReused) {
  for (const std::string_view bytes :
       {"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok"}) {
    EXPECT_EQ(*answer(bytes, 3), "ok");
    EXPECT_EQ(pool_.idle(), 0U);
  }
}

TEST_F(ClientExchangeTest, ACutAnswerIsAnError) {
  for (const std::string_view bytes :
       {"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\nhello world",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnonsense", "HTTP/1.1 200 OK\r\n"}) {
    const auto cut = answer(bytes, 20 < bytes.size() ? 20 : 1, true);
    ASSERT_FALSE(cut) << bytes;
    EXPECT_EQ(cut.error().code, Errc::upstream_invalid) << bytes;
    EXPECT_FALSE(exchange_->untouched());
  }
}

TEST_F(ClientExchangeTest, WhatIsNotHttpIsAnError) {
  for (const std::string_view bytes : {"SSH-2.0-x\r\n", "HTTP/1.1 101 Switching\r\n\r\n"}) {
    const auto bad = answer(bytes, 1);
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().code, Errc::upstream_invalid);
  }
}

// --- sending ----------------------------------------------------------------------------------------------------------

TEST_F(ClientExchangeTest, SendsHeadAndBodyWholeToASlowProvider) {
  connect();
  const std::string body(5'000'000, 'b');
  std::optional<Status> sent;
  bench_.start(exchange_->send(bench_.timer, request, body, seconds(60), nullptr), sent);
  std::string got;
  bench_.until([&] {
    if (auto some = provider_.receive()) got += *some;
    return got.size() == request.size() + body.size() && sent.has_value();
  });
  EXPECT_TRUE(*sent);
  EXPECT_TRUE(got == std::string(request) + body);
}

TEST_F(ClientExchangeTest, AnEarlyAnswerEndsTheSendingAndTheConnectionIsNotReused) {
  connect();
  const std::string body(20'000'000, 'b');
  std::optional<Status> sent;
  bench_.start(exchange_->send(bench_.timer, request, body, seconds(60), nullptr), sent);
  bench_.settle();
  EXPECT_FALSE(sent);
  provider_.send("HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\n\r\nno");
  bench_.until([&] { return sent.has_value(); });
  ASSERT_TRUE(*sent);
  ASSERT_TRUE(bench_.run(wait_for_head(false)));
  EXPECT_EQ(exchange_->head().status, 413);
  EXPECT_EQ(*bench_.run(wait_for_body()), "no");
  EXPECT_EQ(pool_.idle(), 0U);
}

TEST_F(ClientExchangeTest, AProviderThatTakesNothingTimesOut) {
  connect();
  const std::string body(20'000'000, 'b');
  std::optional<Status> sent;
  bench_.start(exchange_->send(bench_.timer, request, body, seconds(60), nullptr), sent);
  bench_.pass(seconds(59));
  EXPECT_FALSE(sent);
  bench_.pass(seconds(2));
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->error().code, Errc::upstream_timeout);
}

TEST_F(ClientExchangeTest, AClientThatLeavesEndsTheSending) {
  connect();
  net::testing::Pair pair = net::testing::unix_pair();
  net::Descriptor client;
  ASSERT_TRUE(client.open(bench_.loop, pair.near.release()));
  const std::string body(20'000'000, 'b');
  std::optional<Status> sent;
  bench_.start(exchange_->send(bench_.timer, request, body, seconds(60), &client), sent);
  pair.far.close();
  bench_.until([&] { return sent.has_value(); });
  EXPECT_EQ(sent->error().code, Errc::client_gone);
}

TEST_F(ClientExchangeTest, AProviderThatHangsUpMayHaveSaidWhy) {
  connect();
  provider_.send("HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\nno");
  ::shutdown(provider_.get(), SHUT_WR);
  bench_.settle();
  ASSERT_TRUE(send());
  ASSERT_TRUE(bench_.run(wait_for_head(false)));
  EXPECT_EQ(exchange_->head().status, 401);
}

TEST_F(ClientExchangeTest, AReusedConnectionThatEndedIsKnownToBeUntouched) {
  for (const bool reused : {true, false}) {
    for (const bool before : {true, false}) {
      net::testing::Pair pair = net::testing::tcp_pair();
      provider_ = std::move(pair.far);
      auto connection = std::make_unique<Connection>(live_);
      connection->stream = std::make_unique<net::Stream>();
      ASSERT_TRUE(connection->stream->open(bench_.loop, pair.near.release()));
      connection->reused = reused;
      use(std::move(connection));
      if (before) provider_.close();
      ASSERT_TRUE(send());
      if (!before) provider_.close();
      const Status head = bench_.run(wait_for_head(false));
      ASSERT_FALSE(head);
      EXPECT_EQ(head.error().code, Errc::upstream_unreachable);
      EXPECT_EQ(exchange_->untouched(), reused);
    }
  }
}

TEST_F(ClientExchangeTest, DroppingItTellsTheProviderByTheEndOfTheConnection) {
  connect();
  ASSERT_TRUE(send());
  provider_.send("HTTP/1.1 200 OK\r\n\r\nendless");
  ASSERT_TRUE(bench_.run(wait_for_head(false)));
  exchange_.reset();
  (void)provider_.receive();  // the request
  EXPECT_EQ(provider_.receive().value_or(""), "");
  EXPECT_EQ(live_, 0U);
}

// --- TLS --------------------------------------------------------------------------------------------------------------

/// The provider speaks TLS; its side is a stream of the same loop.
class TlsClientExchangeTest : public ClientExchangeTest {
 protected:
  void connect_tls(bool reused = false) {
    static net::testing::TestAuthority authority;
    static const auto files = authority.issue("DNS:provider.test");
    server_context_ = *net::TlsServerContext::load(files.certificate, files.key);
    client_context_ = *net::TlsClientContext::create(authority.ca_file());
    net::testing::Pair pair = net::testing::tcp_pair();
    auto connection = std::make_unique<Connection>(live_);
    connection->stream = std::make_unique<net::Stream>();
    net::Stream& near = *connection->stream;
    ASSERT_TRUE(near.open(bench_.loop, pair.near.release()));
    far_ = std::make_unique<net::Stream>();
    ASSERT_TRUE(far_->open(bench_.loop, pair.far.release()));
    near.start_tls(client_context_->connect(near.descriptor().fd(), "provider.test"));
    far_->start_tls(server_context_->accept(far_->descriptor().fd()));
    std::optional<Status> done[2];
    net::Timer timer;
    bench_.start(tls_handshake(bench_.loop, timer, near, time_never, nullptr), done[0]);
    bench_.start(tls_handshake(bench_.loop, bench_.timer, *far_, time_never, nullptr), done[1]);
    bench_.until([&] { return done[0] && done[1]; });
    ASSERT_TRUE(*done[0] && *done[1]);
    connection->origin = origin_;
    connection->reused = reused;
    use(std::move(connection));
  }
  void respond(std::string_view bytes) {
    iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    ASSERT_EQ(far_->write({&part, 1}).bytes, bytes.size());
  }
  std::size_t drain() {
    std::size_t bytes = 0;
    char buffer[16384];
    for (;;) {
      const auto got = far_->read(buffer);
      if (got.kind != net::IoResult::Kind::ok) return bytes;
      bytes += got.bytes;
    }
  }

  std::shared_ptr<net::TlsServerContext> server_context_;
  std::shared_ptr<net::TlsClientContext> client_context_;
  std::unique_ptr<net::Stream> far_;
};

TEST_F(TlsClientExchangeTest, AnAnswerKeepsTheConnection) {
  connect_tls();
  ASSERT_TRUE(send());
  respond("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
  ASSERT_TRUE(bench_.run(wait_for_head(false)));
  EXPECT_EQ(*bench_.run(wait_for_body()), "ok");
  EXPECT_NE(pool_.take_idle(origin_), nullptr);
}

TEST_F(TlsClientExchangeTest, AnEarlyAnswerIsHeardWhileTheProviderTakesNoMore) {
  connect_tls();
  const std::string body(20'000'000, 'b');
  std::optional<Status> sent;
  bench_.start(exchange_->send(bench_.timer, request, body, seconds(60), nullptr), sent);
  bench_.settle();
  EXPECT_FALSE(sent);  // and the tickets of the handshake were no answer

  respond("HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\n\r\nno");
  bench_.settle();

  ASSERT_TRUE(sent);
  ASSERT_TRUE(*sent);
  ASSERT_TRUE(bench_.run(wait_for_head(false)));
  EXPECT_EQ(exchange_->head().status, 413);
  EXPECT_EQ(*bench_.run(wait_for_body()), "no");
  EXPECT_EQ(pool_.idle(), 0U);
}

TEST_F(TlsClientExchangeTest, AnEarlyAnswerIsHeardWhileTheProviderReadsOn) {
  connect_tls();
  const std::string body(8'000'000, 'b');
  std::optional<Status> sent;
  bench_.start(exchange_->send(bench_.timer, request, body, seconds(60), nullptr), sent);
  bench_.settle();
  respond("HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\nno");
  bench_.until([&] {
    drain();
    return sent.has_value();
  });
  std::optional<Status> head;
  bench_.start(wait_for_head(false), head);
  bench_.settle();
  ASSERT_TRUE(head && *head);
  EXPECT_EQ(exchange_->head().status, 400);
}

TEST_F(TlsClientExchangeTest, AReusedConnectionThatEndedIsKnownToBeUntouched) {
  enum class End : std::uint8_t { good_bye, fin, reset };
  const std::string body(300'000, 'b');
  for (const End end : {End::good_bye, End::fin, End::reset}) {
    for (const bool before_the_request : {true, false}) {
      connect_tls(true);
      const auto hang_up = [&] {
        if (end == End::good_bye) return far_->close();
        if (end == End::reset) return far_->abort();
        ::shutdown(far_->descriptor().fd(), SHUT_RDWR);
      };
      if (before_the_request) hang_up();
      std::optional<Status> sent;
      bench_.start(exchange_->send(bench_.timer, request, body, seconds(60), nullptr), sent);
      if (!before_the_request) {
        bench_.settle();
        drain();
        hang_up();
      }
      bench_.until([&] { return sent.has_value(); });
      ASSERT_TRUE(*sent);
      const Status head = bench_.run(wait_for_head(false));
      ASSERT_FALSE(head);
      EXPECT_EQ(head.error().code, Errc::upstream_unreachable);
      EXPECT_TRUE(exchange_->untouched());
    }
  }
}

TEST_F(TlsClientExchangeTest, AnEndWithoutGoodByeIsNoEndOfAnAnswer) {
  connect_tls();
  ASSERT_TRUE(send());
  respond("HTTP/1.1 200 OK\r\n\r\nhalf");
  ASSERT_TRUE(bench_.run(wait_for_head(false)));
  drain();
  ::shutdown(far_->descriptor().fd(), SHUT_RDWR);
  const auto body = bench_.run(wait_for_body());
  ASSERT_FALSE(body);
  EXPECT_EQ(body.error().code, Errc::upstream_invalid);
}

}  // namespace
}  // namespace sluice::http
