#include "net/ip_network.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

namespace sluice::net {
namespace {

IpAddress ip(std::string_view text) { return IpAddress::parse(text).value(); }

TEST(IpAddress, ReadsBothFamiliesAndPrintsThemShort) {
  EXPECT_EQ(ip("192.0.2.1").str(), "192.0.2.1");
  EXPECT_EQ(ip("2001:db8:0:0::1").str(), "2001:db8::1");
  EXPECT_EQ(ip("::ffff:192.0.2.1"), ip("192.0.2.1"));
  for (const char* bad : {"", "192.0.2", "192.0.2.256", "[::1]", "fe80::1%eth0", "localhost"}) {
    EXPECT_FALSE(IpAddress::parse(bad)) << bad;
  }
}

TEST(IpAddress, ComesFromASocketAddress) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  inet_pton(AF_INET, "203.0.113.9", &v4.sin_addr);
  EXPECT_EQ(IpAddress::from(reinterpret_cast<const sockaddr&>(v4)), ip("203.0.113.9"));
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  inet_pton(AF_INET6, "::ffff:203.0.113.9", &v6.sin6_addr);
  EXPECT_EQ(IpAddress::from(reinterpret_cast<const sockaddr&>(v6)), ip("203.0.113.9"));
  sockaddr unix_socket{};
  unix_socket.sa_family = AF_UNIX;
  EXPECT_FALSE(IpAddress::from(unix_socket));
}

TEST(Network, ContainsItsOwnAddressesOnly) {
  const Network ten = Network::parse("10.0.0.0/8").value();
  EXPECT_TRUE(ten.contains(ip("10.255.0.1")));
  EXPECT_TRUE(ten.contains(ip("::ffff:10.1.2.3")));
  EXPECT_FALSE(ten.contains(ip("11.0.0.0")));
  EXPECT_FALSE(ten.contains(ip("a00::1")));  // The same leading bits in IPv6.
  const Network odd = Network::parse("192.168.4.0/22").value();
  EXPECT_TRUE(odd.contains(ip("192.168.7.255")));
  EXPECT_FALSE(odd.contains(ip("192.168.8.0")));
  const Network six = Network::parse("2001:db8::/32").value();
  EXPECT_TRUE(six.contains(ip("2001:db8:ffff::1")));
  EXPECT_FALSE(six.contains(ip("2001:db9::1")));
  EXPECT_TRUE(Network::parse("203.0.113.9")->contains(ip("203.0.113.9")));
  EXPECT_FALSE(Network::parse("203.0.113.9")->contains(ip("203.0.113.8")));
  EXPECT_TRUE(Network::parse("0.0.0.0/0")->contains(ip("8.8.8.8")));
  EXPECT_FALSE(Network::parse("0.0.0.0/0")->contains(ip("2001:db8::1")));
}

TEST(Network, RefusesWhatIsNoBlock) {
  for (const char* bad : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.1/8", "::/129", "/8",
                          "10.0.0.0/8 ", "ten/8"}) {
    EXPECT_FALSE(Network::parse(bad)) << bad;
  }
  EXPECT_EQ(Network::parse("10.0.0.0/8")->str(), "10.0.0.0/8");
  EXPECT_EQ(Network::parse("::ffff:10.0.0.0/104")->str(), "10.0.0.0/8");
}

TEST(Reach, KnowsLoopbackRestrictedAndMetadataAddresses) {
  for (const char* text : {"127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_EQ(reach_of(ip(text)), Reach::loopback) << text;
  }
  for (const char* text :
       {"10.1.1.1", "172.31.0.1", "192.168.1.1", "169.254.1.1", "100.64.0.1", "0.0.0.0",
        "::", "fe80::1", "fd12::1", "64:ff9b::a00:1", "ff02::1", "2002:a00:1::", "::7f00:1"}) {
    EXPECT_EQ(reach_of(ip(text)), Reach::restricted) << text;
  }
  for (const char* text : {"169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254",
                           "100.100.100.200", "168.63.129.16"}) {
    EXPECT_EQ(reach_of(ip(text)), Reach::metadata) << text;
  }
  for (const char* text : {"8.8.8.8", "172.32.0.1", "2606:4700::1"}) {
    EXPECT_EQ(reach_of(ip(text)), Reach::open) << text;
  }
}

}  // namespace
}  // namespace sluice::net
