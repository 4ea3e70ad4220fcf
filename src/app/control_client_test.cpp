#include "app/control_client.hpp"

#include <gtest/gtest.h>

#include "net/testing.hpp"

namespace sluice::app {
namespace {

using net::testing::Fd;

/// A call to a server that is the test's own end of a socket.
class ControlClientTest : public testing::Test {
 protected:
  void begin(std::size_t body_bytes_max = 1000) {
    ControlCall call{
        .origin = {.tls = false, .host = "127.0.0.1", .port = address_.port(), .ca_file = ""},
        .head = Secret("POST /token HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n\r\n"),
        .body = Secret("a=b"),
        .call_max = std::chrono::seconds(15),
        .body_bytes_max = body_bytes_max};
    bench_.start(client_.call(std::move(call)), answer_);
    bench_.settle();
  }
  /// Takes the connection and reads the request.
  void accept() {
    bench_.until([&] {
      server_ = Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      return server_.get() >= 0;
    });
    bench_.until([&] {
      request_ += server_.receive().value_or("");
      return request_.ends_with("a=b");
    });
  }
  Result<ControlAnswer> answered(std::string_view bytes, bool ends = false) {
    begin();
    accept();
    server_.send(bytes);
    if (ends) server_.close();
    bench_.until([&] { return answer_.has_value(); });
    return std::move(*answer_);
  }

  net::testing::ManualLoop bench_;
  net::Address address_ = net::testing::loopback();
  Fd listener_ = net::testing::listening(address_);
  Fd server_;
  std::string request_;
  net::BlockingPool blocking_{1};
  net::Resolver resolver_{bench_.clock, blocking_};
  Status permit_;
  net::Dialer dialer_{resolver_,
                      [this](const net::Origin&, const net::Address&) { return permit_; }};
  http::TlsContexts contexts_;
  ControlClient client_{bench_.loop, dialer_, contexts_};
  std::optional<Result<ControlAnswer>> answer_;
};

TEST_F(ControlClientTest, SendsTheRequestAndGivesTheAnswer) {
  const auto answer =
      answered("HTTP/1.1 429 x\r\nRetry-After: 7\r\ncontent-length: 5\r\n\r\nhello");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 429);
  EXPECT_EQ(answer->retry_after, "7");
  EXPECT_EQ(answer->body.reveal(), "hello");
  EXPECT_TRUE(request_.starts_with("POST /token HTTP/1.1\r\n"));
}

TEST_F(ControlClientTest, ReadsBodiesInChunksAndUpToTheEnd) {
  const auto chunked = answered(
      "HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n");
  ASSERT_TRUE(chunked);
  EXPECT_EQ(chunked->body.reveal(), "abc");
  answer_.reset();
  request_.clear();
  const auto to_the_end = answered("HTTP/1.1 200 x\r\n\r\nabcd", true);
  ASSERT_TRUE(to_the_end);
  EXPECT_EQ(to_the_end->body.reveal(), "abcd");
}

TEST_F(ControlClientTest, GivesARedirectBackAsItIs) {
  const auto answer =
      answered("HTTP/1.1 302 x\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 302);
}

TEST_F(ControlClientTest, RefusesAnAnswerThatIsTooLongHoweverItIsFramed) {
  const std::string body(1001, 'x');
  for (const char* framing : {"content-length: 1001", "connection: close"}) {
    answer_.reset();
    request_.clear();
    const auto answer =
        answered("HTTP/1.1 200 x\r\n" + std::string(framing) + "\r\n\r\n" + body, true);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::upstream_invalid);
  }
}

TEST_F(ControlClientTest, RefusesWhatIsNoAnswer) {
  for (const char* bytes :
       {"220 smtp ready\r\n\r\n", "HTTP/1.1 200 x\r\ncontent-length: 9\r\n\r\nshort",
        "HTTP/1.1 200 x\r\ncontent-encoding: gzip\r\ncontent-length: 1\r\n\r\nx", ""}) {
    answer_.reset();
    request_.clear();
    EXPECT_FALSE(answered(bytes, true)) << bytes;
  }
}

TEST_F(ControlClientTest, EndsInTimeWhereverTheServerStops) {
  for (const char* bytes :
       {"", "HTTP/1.1 200 x\r\n", "HTTP/1.1 200 x\r\ncontent-length: 9\r\n\r\nx"}) {
    answer_.reset();
    request_.clear();
    begin();
    accept();
    server_.send(bytes);
    bench_.settle();
    bench_.pass(std::chrono::seconds(14));
    EXPECT_FALSE(answer_);
    bench_.pass(std::chrono::seconds(2));
    bench_.until([&] { return answer_.has_value(); });
    ASSERT_FALSE(*answer_);
    EXPECT_EQ(answer_->error().code, Errc::upstream_timeout);
  }
}

TEST_F(ControlClientTest, AsksTheAddressRuleBeforeItConnects) {
  permit_ = fail(Errc::invalid_config, Side::gateway, "not there");
  begin();
  bench_.until([&] { return answer_.has_value(); });
  ASSERT_FALSE(*answer_);
  EXPECT_NE(answer_->error().context.find("not there"), std::string::npos);
  EXPECT_LT(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC), 0);
}

}  // namespace
}  // namespace sluice::app
