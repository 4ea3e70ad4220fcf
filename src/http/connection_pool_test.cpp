#include "http/connection_pool.hpp"

#include <gtest/gtest.h>

#include "net/testing.hpp"
#include "net/testing_certificates.hpp"

namespace sluice::http {
namespace {

using net::testing::Fd;
using net::testing::ManualLoop;
using std::chrono::seconds;

class ConnectionPoolTest : public ::testing::Test {
 protected:
  ConnectionPoolTest() {
    net::Address address = net::testing::loopback();
    listener_ = net::testing::listening(address, 1024);
    origin_ = {.tls = false, .host = "127.0.0.1", .port = address.port(), .ca_file = {}};
  }
  std::unique_ptr<Connection> dial() {
    auto made = bench_.run(pool_.dial(
        bench_.timer, origin_, net::testing::ManualLoop::patience + bench_.loop.now(), nullptr));
    EXPECT_TRUE(made);
    providers_.emplace_back(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK));
    return std::move(*made);
  }

  Fd listener_;
  net::Origin origin_;
  std::vector<Fd> providers_;  // the other ends, in the order of the dials
  ManualLoop bench_;
  net::BlockingPool blocking_{1};
  net::Resolver resolver_{bench_.clock, blocking_};
  net::Dialer dialer_{resolver_, [](const auto&, const auto&) { return Status{}; }};
  TlsContexts contexts_;
  ConnectionPool pool_{bench_.loop, dialer_, contexts_};
};

TEST_F(ConnectionPoolTest, GivesTheNewestFirst) {
  EXPECT_EQ(pool_.take_idle(origin_), nullptr);
  auto first = dial();
  auto second = dial();
  EXPECT_FALSE(first->reused);
  EXPECT_EQ(pool_.active(), 2U);
  const int second_fd = second->stream->descriptor().fd();
  pool_.give_back(std::move(first));
  pool_.give_back(std::move(second));
  EXPECT_EQ(pool_.idle(), 2U);
  EXPECT_EQ(pool_.active(), 0U);

  const auto taken = pool_.take_idle(origin_);

  ASSERT_NE(taken, nullptr);
  EXPECT_EQ(taken->stream->descriptor().fd(), second_fd);
  EXPECT_TRUE(taken->reused);
  EXPECT_EQ(pool_.idle(), 1U);
}

TEST_F(ConnectionPoolTest, SharesOnlyBetweenEqualOrigins) {
  pool_.give_back(dial());
  net::Origin other = origin_;
  other.ca_file = "/etc/other.pem";
  EXPECT_EQ(pool_.take_idle(other), nullptr);
  other = origin_;
  other.tls = true;
  EXPECT_EQ(pool_.take_idle(other), nullptr);
  other = origin_;
  other.proxy = net::ProxyRef(net::Proxy{.host = "127.0.0.1", .port = 1});
  EXPECT_EQ(pool_.take_idle(other), nullptr);
  EXPECT_NE(pool_.take_idle(origin_), nullptr);
}

TEST_F(ConnectionPoolTest, SharesThroughAProxyOnlyAsTheSameUser) {
  const auto through = [this](const std::string& user, const std::string& password) {
    net::Origin origin = origin_;
    origin.proxy = net::ProxyRef(net::Proxy{
        .host = "127.0.0.1", .port = 1, .user = user, .password = Secret(std::string(password))});
    return origin;
  };
  auto connection = dial();
  connection->origin = through("ada", "pw");
  pool_.give_back(std::move(connection));
  EXPECT_EQ(pool_.take_idle(origin_), nullptr);
  EXPECT_EQ(pool_.take_idle(through("eve", "pw")), nullptr);
  EXPECT_EQ(pool_.take_idle(through("ada", "new")), nullptr);
  EXPECT_NE(pool_.take_idle(through("ada", "pw")), nullptr);
}

TEST_F(ConnectionPoolTest, AResetOfTheIdleIsKnown) {
  pool_.give_back(dial());
  const linger reset{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(providers_.back().get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  providers_.back().close();
  bench_.settle();
  EXPECT_EQ(pool_.take_idle(origin_), nullptr);
}

TEST_F(ConnectionPoolTest, DoesNotGiveWhatEndedOrSpokeUnasked) {
  for (const bool speaks : {false, true}) {
    pool_.give_back(dial());
    if (speaks) {
      providers_.back().send("HTTP/1.1 408 Request Timeout\r\n\r\n");
    } else {
      providers_.back().close();
    }
    bench_.settle();
    EXPECT_EQ(pool_.take_idle(origin_), nullptr);
    EXPECT_EQ(pool_.idle(), 0U);
    EXPECT_EQ(pool_.active(), 0U);
  }
}

TEST_F(ConnectionPoolTest, ForgetsWhatWasIdleForTooLong) {
  pool_.give_back(dial());
  bench_.pass(std::chrono::seconds(30));
  pool_.give_back(dial());
  pool_.sweep();
  EXPECT_EQ(pool_.idle(), 2U);

  bench_.pass(std::chrono::seconds(21));
  pool_.sweep();

  EXPECT_EQ(pool_.idle(), 1U);
  EXPECT_EQ(providers_[0].receive(), "");            // a clean end
  EXPECT_EQ(providers_[1].receive(), std::nullopt);  // still open
}

TEST_F(ConnectionPoolTest, SweepsTheDeadAmongTheLiving) {
  std::vector<std::unique_ptr<Connection>> made;
  for (int i = 0; i < 5; ++i) made.push_back(dial());
  for (auto& connection : made) pool_.give_back(std::move(connection));
  providers_[1].close();
  providers_[3].close();
  bench_.settle();
  pool_.sweep();
  EXPECT_EQ(pool_.idle(), 3U);
  EXPECT_NE(pool_.take_idle(origin_), nullptr);
}

TEST_F(ConnectionPoolTest, KeepsABoundedNumber) {
  std::vector<std::unique_ptr<Connection>> made;
  for (std::size_t i = 0; i < ConnectionPool::idle_per_origin_max + 3; ++i) made.push_back(dial());
  for (auto& connection : made) pool_.give_back(std::move(connection));
  EXPECT_EQ(pool_.idle(), ConnectionPool::idle_per_origin_max);
  EXPECT_EQ(pool_.active(), 0U);
}

TEST_F(ConnectionPoolTest, AnUnreadableAuthorityIsAnErrorEachTime) {
  for (int i = 0; i < 2; ++i) {
    const auto context = contexts_.find("/nowhere/ca.pem");
    ASSERT_FALSE(context);
    EXPECT_EQ(context.error().code, Errc::invalid_config);
  }
  const auto once = contexts_.find("");
  ASSERT_TRUE(once);
  EXPECT_EQ(*once, *contexts_.find(""));
  EXPECT_EQ(*once, *contexts_.find("", TlsContexts::Trust::file_and_system));
}

TEST_F(ConnectionPoolTest, EachAuthorityHasAContextAndItsSessions) {
  net::testing::TestAuthority one;
  net::testing::TestAuthority other;
  origin_.tls = true;
  origin_.ca_file = one.ca_file();
  const auto first = *contexts_.target(origin_);
  EXPECT_EQ(first.tls, contexts_.target(origin_)->tls);
  EXPECT_EQ(first.proxy_tls, nullptr);
  origin_.ca_file = other.ca_file();
  EXPECT_NE(contexts_.target(origin_)->tls, first.tls);

  // An https proxy may be verified by either, and what it is trusted for is its own.
  origin_.proxy =
      net::ProxyRef(net::Proxy{.kind = net::Proxy::Kind::https, .host = "127.0.0.1", .port = 1});
  const auto through = *contexts_.target(origin_);
  EXPECT_NE(through.proxy_tls, nullptr);
  EXPECT_NE(through.proxy_tls, through.tls);
}

}  // namespace
}  // namespace sluice::http
