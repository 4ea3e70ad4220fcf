#include "net/address.hpp"

#include <gtest/gtest.h>

#include "net/testing.hpp"

namespace sluice::net {
namespace {

TEST(Address, ReadsBothFamiliesAndWritesThemBack) {
  for (const char* text : {"127.0.0.1:8080", "0.0.0.0:0", "[::1]:443", "[2001:db8::5]:65535"}) {
    const auto address = Address::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->text(), text);
  }
  EXPECT_EQ(Address::parse("localhost:80")->text(), "127.0.0.1:80");
}

TEST(Address, RefusesWhatIsNoAddressAndPort) {
  for (const char* text : {"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:+1",
                           "127.0.0.1:8 ", "example.com:80", "[::1]", "[::1:80", "1.2.3:80"}) {
    const auto address = Address::parse(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, Errc::invalid_config) << text;
  }
}

TEST(Address, AnIPv6AddressNeedsBracketsLestItsEndBeTakenForAPort) {
  EXPECT_FALSE(Address::parse("fe80::1:8080"));
  EXPECT_FALSE(Address::parse("::1:80"));
}

TEST(Address, KnowsLoopbackAlsoWhenMapped) {
  EXPECT_TRUE(Address::literal("127.9.9.9", 1)->is_loopback());
  EXPECT_TRUE(Address::literal("::1", 1)->is_loopback());
  EXPECT_TRUE(Address::literal("::ffff:127.0.0.1", 1)->is_loopback());
  EXPECT_FALSE(Address::literal("::ffff:10.0.0.1", 1)->is_loopback());
  EXPECT_FALSE(Address::literal("10.0.0.1", 1)->is_loopback());
  EXPECT_FALSE(Address::literal("::2", 1)->is_loopback());
  EXPECT_FALSE(Address().is_loopback());
}

TEST(Address, ShowsAMappedAddressAsIPv4) {
  EXPECT_EQ(Address::literal("::ffff:10.1.2.3", 9)->host(), "10.1.2.3");
  EXPECT_EQ(Address::literal("::ffff:10.1.2.3", 9)->text(), "10.1.2.3:9");
}

TEST(Address, TellsBothEndsOfAConnection) {
  const testing::Pair pair = testing::tcp_pair();
  EXPECT_EQ(Address::of_peer(pair.near.get()).text(), Address::of_socket(pair.far.get()).text());
  EXPECT_EQ(Address::of_socket(pair.near.get()).text(), Address::of_peer(pair.far.get()).text());
  EXPECT_EQ(Address::of_peer(-1).length, 0U);
}

}  // namespace
}  // namespace sluice::net
