#include "provider/account_way.hpp"

#include <gtest/gtest.h>

namespace sluice::provider {
namespace {

AccountSettings account_with(const std::string& proxy) {
  AccountSettings account;
  account.name = "main";
  account.ca_file = "/etc/own.pem";
  account.proxy = Secret(std::string(proxy));
  return account;
}

TEST(AccountWay, HasTheAuthoritiesAndTheProxyOfTheAccount) {
  const UpstreamUrl url{.tls = true, .host = "api.test", .port = 8443, .path = "/v1"};
  const auto straight = origin_of(url, account_with(""));
  ASSERT_TRUE(straight);
  EXPECT_EQ(straight->authority(), "api.test:8443");
  EXPECT_EQ(straight->ca_file, "/etc/own.pem");
  EXPECT_FALSE(straight->proxy);

  const auto led = origin_of(url, account_with("socks5h://ada:pw@proxy.test:1080"));
  ASSERT_TRUE(led);
  EXPECT_EQ(led->proxy->text(), "socks5h://proxy.test:1080");
  EXPECT_EQ(led->proxy->user, "ada");
  EXPECT_NE(*led, *straight);
  EXPECT_EQ(*led, *origin_of(url, account_with("socks5h://ada:pw@proxy.test:1080")));
  EXPECT_NE(*led, *origin_of(url, account_with("socks5h://ada:other@proxy.test:1080")));
}

TEST(AccountWay, AProxyThatCannotBeUsedIsAnErrorThatNamesTheAccountAlone) {
  net::Origin origin;
  const Status led = lead(origin, account_with("ftp://u:canary@proxy"));
  ASSERT_FALSE(led);
  EXPECT_EQ(led.error().code, Errc::invalid_config);
  EXPECT_TRUE(led.error().context.starts_with("account \"main\": proxy must start with "));
  EXPECT_EQ(led.error().context.find("canary"), std::string::npos);
}

TEST(AccountWay, AnAccountWithoutTimeoutsHasTheRelays) {
  const Timeouts relays{
      .connect = Milliseconds(1), .first_byte = Milliseconds(2), .idle = Milliseconds(3)};
  AccountSettings account;
  EXPECT_EQ(timeouts_of(account, relays), relays);
  account.first_byte_timeout = Milliseconds(20);
  EXPECT_EQ(timeouts_of(account, relays), (Timeouts{.connect = Milliseconds(1),
                                                    .first_byte = Milliseconds(20),
                                                    .idle = Milliseconds(3)}));
}

TEST(AccountWay, AnAddressIsJudgedAsItsOriginsUrlWouldBe) {
  const net::Origin plain{.tls = false, .host = "api.test", .port = 80, .ca_file = {}};
  const auto permitted = [&](const char* address, PrivateUpstreams rule) {
    return permit_address(plain, *net::Address::literal(address, 80), rule).has_value();
  };
  EXPECT_TRUE(permitted("127.0.0.1", PrivateUpstreams::refused));
  EXPECT_FALSE(permitted("10.0.0.1", PrivateUpstreams::refused));
  EXPECT_TRUE(permitted("10.0.0.1", PrivateUpstreams::allowed));
  EXPECT_FALSE(permitted("169.254.169.254", PrivateUpstreams::allowed));
}

}  // namespace
}  // namespace sluice::provider
