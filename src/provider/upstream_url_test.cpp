#include "provider/upstream_url.hpp"

#include <gtest/gtest.h>

namespace sluice::provider {
namespace {

Status permit(std::string_view url, PrivateUpstreams rule = PrivateUpstreams::refused) {
  const auto parsed = parse_upstream_url(url);
  if (!parsed) return std::unexpected(parsed.error());
  return permit_upstream(*parsed, rule);
}

TEST(UpstreamUrl, HasASchemeAHostAndMaybeAPortAndAPath) {
  const auto url = parse_upstream_url("https://API.example.com/v1/");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->host, "api.example.com");
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->path, "/v1");
  EXPECT_EQ(url->str(), "https://api.example.com/v1");
  EXPECT_EQ(parse_upstream_url("http://[::1]:9000")->str(), "http://[::1]:9000");
  EXPECT_EQ(parse_upstream_url("http://127.0.0.1:80/")->str(), "http://127.0.0.1");
}

TEST(UpstreamUrl, RefusesWhatIsAmbiguousOrHoldsACredential) {
  for (const char* bad : {"",
                          "api.example.com",
                          "ftp://h",
                          "https://",
                          "https:///x",
                          "https://u:canary@h",
                          "https://h?x",
                          "https://h#x",
                          "https://h:0",
                          "https://h:65536",
                          "https://h:x",
                          "https://h:",
                          "https://[::1",
                          "https://[h]",
                          "https://[::1]x",
                          "https://h h",
                          "https://h\\x",
                          "https://2130706433",
                          "https://127.1",
                          "https://0x7f.0x1",
                          "https://h_%41"}) {
    const auto url = parse_upstream_url(bad);
    EXPECT_FALSE(url) << bad;
    if (!url) EXPECT_EQ(url.error().context.find("canary"), std::string::npos);
  }
}

TEST(UpstreamRules, AllowHttpsAnywhereAndHttpToLoopback) {
  for (const char* fine : {"https://api.anthropic.com", "https://8.8.8.8", "http://127.0.0.1:1",
                           "http://localhost:1", "http://[::1]:1", "https://127.0.0.1"}) {
    EXPECT_TRUE(permit(fine)) << fine;
  }
  for (const char* bad : {"http://api.anthropic.com", "http://8.8.8.8", "https://10.0.0.1",
                          "http://192.168.1.1", "https://[fe80::1]", "https://[::ffff:10.0.0.1]"}) {
    EXPECT_FALSE(permit(bad)) << bad;
  }
}

TEST(UpstreamRules, OpenPrivateAddressesWhenToldSoButNeverTheOpenNetInTheClear) {
  for (const char* fine : {"http://ollama:11434", "http://10.0.0.1", "https://[fd00::1]"}) {
    EXPECT_TRUE(permit(fine, PrivateUpstreams::allowed)) << fine;
  }
  EXPECT_FALSE(permit("http://8.8.8.8", PrivateUpstreams::allowed));
}

TEST(UpstreamRules, NeverAllowMetadataServices) {
  for (const char* bad :
       {"http://169.254.169.254", "https://169.254.169.254", "http://metadata.google.internal",
        "https://metadata.google.internal.", "http://[fd00:ec2::254]",
        "http://[::ffff:169.254.169.254]", "http://100.100.100.200"}) {
    EXPECT_FALSE(permit(bad, PrivateUpstreams::allowed)) << bad;
  }
}

TEST(UpstreamRules, HoldForTheAddressThatANameResolvesTo) {
  const auto url = parse_upstream_url("http://ollama:11434").value();
  const auto at = [](std::string_view text) { return net::IpAddress::parse(text).value(); };
  EXPECT_TRUE(permit_upstream_address(url, at("10.0.0.1"), PrivateUpstreams::allowed));
  EXPECT_FALSE(permit_upstream_address(url, at("10.0.0.1"), PrivateUpstreams::refused));
  EXPECT_FALSE(permit_upstream_address(url, at("8.8.8.8"), PrivateUpstreams::allowed));
  EXPECT_FALSE(permit_upstream_address(url, at("169.254.169.254"), PrivateUpstreams::allowed));
}

}  // namespace
}  // namespace sluice::provider
