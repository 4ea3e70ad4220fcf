#include "provider/proxy_url.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::provider {
namespace {

using Kind = net::Proxy::Kind;

std::string fault(std::string_view url) {
  const auto proxy = parse_proxy_url(url);
  if (proxy) return "";
  EXPECT_EQ(proxy.error().code, Errc::invalid_config);
  EXPECT_EQ(proxy.error().context.find("canary"), std::string::npos);
  return proxy.error().context;
}

TEST(ProxyUrl, EachSchemeHasItsPort) {
  const std::vector<std::pair<std::string, std::string>> known = {
      {"http://p.test", "http://p.test:80"},
      {"https://p.test/", "https://p.test:443"},
      {"socks5://p.test", "socks5://p.test:1080"},
      {"socks5h://P.Test:9", "socks5h://p.test:9"},
      {"http://[2001:db8::1]", "http://[2001:db8::1]:80"},
      {"https://[::1]:3129", "https://[::1]:3129"},
      {"http://10.0.0.1:3128", "http://10.0.0.1:3128"}};
  for (const auto& [url, text] : known) {
    const auto proxy = parse_proxy_url(url);
    ASSERT_TRUE(proxy) << url;
    EXPECT_EQ(proxy->text(), text);
    EXPECT_TRUE(proxy->user.empty());
  }
}

TEST(ProxyUrl, UserAndPasswordAreDecoded) {
  const auto proxy = parse_proxy_url("socks5h://u%40x:p%3aw%25@127.0.0.1:1080");
  ASSERT_TRUE(proxy);
  EXPECT_EQ(proxy->kind, Kind::socks5h);
  EXPECT_EQ(proxy->user, "u@x");
  EXPECT_EQ(proxy->password.reveal(), "p:w%");
  EXPECT_EQ(parse_proxy_url("http://ada@p:1")->user, "ada");
  EXPECT_TRUE(parse_proxy_url("http://ada@p:1")->password.empty());
  EXPECT_EQ(parse_proxy_url("http://ada:a:b@c@p:1")->password.reveal(), "a:b@c");
  EXPECT_EQ(parse_proxy_url("socks5://a%3ab:c@p:1")->user, "a:b");
}

TEST(ProxyUrl, SaysWhatIsWrongAndNeverAPartOfIt) {
  const std::string host = "must be a scheme, a host and a port";
  const std::vector<std::pair<std::string, std::string>> known = {
      {"ftp://canary", "must start with"},
      {"canary:3128", "must start with"},
      {"HTTP://canary", "must start with"},
      {"http://", host},
      {"http://canary:x@", host},
      {"http://:3128", host},
      {"http://canary/path", host},
      {"http://canary?x", host},
      {"http://canary:0", host},
      {"http://canary:65536", host},
      {"http://u:canary@127.0.0.1:99999", host},
      {"http://[canary]:1", host},
      {"http://2130706433:1", host},
      {"http://a canary@p:1", "%XX"},
      {"http://canary\xc3\xa4@p:1", "%XX"},
      {"http://canary%zz@p:1", "%XX"},
      {"http://canary%4@p:1", "%XX"},
      {"http://u:canary%0d%0ax@p:1", "%XX"},
      {"http://:canary@p:1", "without a user"},
      {"http://can%3aary:x@p:1", "RFC 7617"},
      {"http://" + std::string(256, 'u') + "@p:1", "255 bytes"},
      {"socks5://u:" + std::string(256, 'u') + "@p:1", "255 bytes"},
      {"http://169.254.169.254:80", "metadata"},
      {"http://[fd00:ec2::254]:80", "metadata"},
      {"socks5h://metadata.google.internal:1080", "metadata"}};
  for (const auto& [url, words] : known) {
    EXPECT_NE(fault(url).find(words), std::string::npos) << url << ": " << fault(url);
  }
}

}  // namespace
}  // namespace sluice::provider
