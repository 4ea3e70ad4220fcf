#include "net/dialer.hpp"

#include <gtest/gtest.h>

#include <map>

#include "net/testing.hpp"

namespace sluice::net {
namespace {

using std::chrono::seconds;
using testing::Fd;
using testing::loopback;
using testing::ManualLoop;
using Dialled = Result<std::unique_ptr<Stream>>;

/// A port at which several loopback addresses answer in different ways.
class DialerTest : public ::testing::Test {
 protected:
  DialerTest() {
    Address good = loopback("127.0.0.2");
    good_ = testing::listening(good);
    port_ = good.port();
  }
  /// 127.0.0.3: nothing answers there, not even a refusal. The queue of that listener is full.
  void black_hole() {
    Address address = loopback("127.0.0.3", port_);
    hole_ = testing::listening(address, 0);
    for (Fd& filler : fillers_) {
      filler = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      ::connect(filler.get(), address.raw(), address.length);
    }
  }
  Task<Dialled> dial(std::vector<std::string> hosts, Descriptor* gone = nullptr) {
    answer_.clear();
    for (const std::string& host : hosts) answer_.push_back(loopback(host));
    Target target{.origin = {.tls = false,
                             .host = "name" + std::to_string(++names_) + ".test",
                             .port = port_,
                             .ca_file = {}},
                  .tls = {}};
    // Known already, so that time begins with the first attempt.
    EXPECT_TRUE(bench_.run(resolver_.resolve(bench_.loop, bench_.timer, target.origin.host, port_,
                                             time_never, nullptr)));
    return dialer_.dial(bench_.loop, bench_.timer, std::move(target),
                        bench_.loop.now() + seconds(10), gone);
  }

  Fd good_;
  Fd hole_;
  Fd fillers_[2];
  std::uint16_t port_ = 0;
  int names_ = 0;
  std::string forbidden_;
  Addresses answer_;
  ManualLoop bench_;
  BlockingPool pool_{1};
  Resolver resolver_{bench_.clock, pool_,
                     [this](const std::string&) -> Result<Addresses> { return answer_; }};
  Dialer dialer_{resolver_, [this](const Origin&, const Address& address) -> Status {
                   if (address.host() != forbidden_) return {};
                   return fail(Errc::not_allowed, Side::gateway, "a forbidden address");
                 }};
};

TEST_F(DialerTest, ConnectsToTheFirstAddress) {
  const Dialled stream = bench_.run(dial({"127.0.0.2", "127.0.0.1"}));
  ASSERT_TRUE(stream);
  EXPECT_EQ(Address::of_peer((*stream)->descriptor().fd()).host(), "127.0.0.2");
  EXPECT_FALSE((*stream)->descriptor().gone);
}

TEST_F(DialerTest, ARefusedAddressCostsNoTime) {
  const TimePoint begin = bench_.clock.now();
  const Dialled stream = bench_.run(dial({"127.0.0.1", "127.0.0.1", "127.0.0.2"}));
  ASSERT_TRUE(stream);
  EXPECT_EQ(bench_.clock.now(), begin);
}

TEST_F(DialerTest, ASilentAddressCostsAQuarterOfASecond) {
  black_hole();
  std::optional<Dialled> stream;
  bench_.start(dial({"127.0.0.3", "127.0.0.2"}), stream);
  const TimePoint begin = bench_.clock.now();
  // not before the delay
  bench_.pass(Milliseconds(240));
  EXPECT_FALSE(stream);
  EXPECT_LT(::accept(good_.get(), nullptr, nullptr), 0);

  bench_.pass(Milliseconds(110));
  bench_.until([&] { return stream.has_value(); });

  ASSERT_TRUE(stream && *stream);
  EXPECT_EQ(Address::of_peer((**stream)->descriptor().fd()).host(), "127.0.0.2");
  EXPECT_LE(bench_.clock.now() - begin, Milliseconds(350));
}

TEST_F(DialerTest, ARefusalBesideASilentAddressLeadsToTheNextAtOnce) {
  black_hole();
  std::optional<Dialled> stream;
  bench_.start(dial({"127.0.0.3", "127.0.0.1", "127.0.0.2"}), stream);
  bench_.pass(Milliseconds(350));
  bench_.until([&] { return stream.has_value(); });

  ASSERT_TRUE(stream && *stream);
}

TEST_F(DialerTest, WhenAllRefuseTheReasonIsTold) {
  const Dialled stream = bench_.run(dial({"127.0.0.1", "127.0.0.4"}));
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().code, Errc::upstream_unreachable);
  EXPECT_EQ(stream.error().retry, Retry::other_account);
  EXPECT_EQ(stream.error().context, "connect: Connection refused");
}

TEST_F(DialerTest, AForbiddenAddressIsNotTried) {
  forbidden_ = "127.0.0.2";
  const Dialled refused = bench_.run(dial({"127.0.0.2"}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().context, "connect: a forbidden address");
  EXPECT_LT(::accept(good_.get(), nullptr, nullptr), 0);
  forbidden_ = "127.0.0.1";
  EXPECT_TRUE(bench_.run(dial({"127.0.0.1", "127.0.0.2"})));
}

TEST_F(DialerTest, GivesUpAtTheDeadline) {
  black_hole();
  std::optional<Dialled> stream;
  bench_.start(dial({"127.0.0.3"}), stream);
  bench_.pass(seconds(9));
  EXPECT_FALSE(stream);
  bench_.pass(seconds(2));
  ASSERT_TRUE(stream);
  EXPECT_EQ(stream->error().code, Errc::upstream_timeout);
  EXPECT_NE(stream->error().context.find("connect_timeout_ms"), std::string::npos);
}

TEST_F(DialerTest, StopsWhenTheClientLeaves) {
  black_hole();
  testing::Pair pair = testing::unix_pair();
  Descriptor client;
  ASSERT_TRUE(client.open(bench_.loop, pair.near.release()));
  std::optional<Dialled> stream;
  bench_.start(dial({"127.0.0.3", "127.0.0.3"}, &client), stream);
  bench_.pass(seconds(1));  // both addresses are being tried
  pair.far.close();
  bench_.until([&] { return stream.has_value(); });
  EXPECT_EQ(stream->error().code, Errc::client_gone);
}

TEST_F(DialerTest, DroppingADialClosesWhatItHad) {
  black_hole();
  std::optional<Dialled> stream;
  bench_.start(dial({"127.0.0.3", "127.0.0.3"}), stream);
  bench_.pass(seconds(1));
  bench_.tasks.clear();
  bench_.pass(seconds(20));
  EXPECT_FALSE(stream);
}

}  // namespace
}  // namespace sluice::net
