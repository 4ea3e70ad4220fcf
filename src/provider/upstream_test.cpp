#include "provider/upstream.hpp"

#include <gtest/gtest.h>

namespace sluice::provider {
namespace {

Upstream upstream() {
  Upstream made;
  made.origin = {.tls = true, .host = "api.example", .port = 443, .ca_file = ""};
  made.base_path = "/base";
  made.credential = Secret("provider-secret-1");
  return made;
}

std::string head_for(const std::string& client_head, std::string_view query = "") {
  wire::RequestHead head;
  EXPECT_TRUE(wire::parse_request_head(client_head, {}, head));
  const OutgoingRequest request{
      .method = "POST", .path = "/v1/messages", .query = query, .head = head, .body_bytes = 7};
  return anthropic_request_head(upstream(), request);
}

TEST(AnthropicRequestHead, SignsInWithTheAccountAndNeverWithTheClient) {
  const std::string head = head_for(
      "POST /v1/messages HTTP/1.1\r\nHost: relay\r\nX-Api-Key: client-secret\r\n"
      "Authorization: Bearer client-secret\r\nCookie: client-secret\r\nContent-Length: 7\r\n\r\n");
  EXPECT_EQ(head.find("client-secret"), std::string::npos);
  EXPECT_NE(head.find("x-api-key: provider-secret-1\r\n"), std::string::npos);
  EXPECT_NE(head.find("host: api.example\r\n"), std::string::npos);
  EXPECT_EQ(head.find("relay"), std::string::npos);
}

TEST(AnthropicRequestHead, KeepsWhatTheClientSaidAndFillsInWhatItDidNot) {
  const std::string head = head_for(
      "POST /v1/messages HTTP/1.1\r\nHost: a\r\nanthropic-beta: x,y\r\nX-Stainless-Lang: js\r\n"
      "User-Agent: sdk/1\r\nContent-Length: 7\r\n\r\n",
      "beta=true");
  EXPECT_TRUE(head.starts_with("POST /base/v1/messages?beta=true HTTP/1.1\r\n"));
  EXPECT_NE(head.find("anthropic-beta: x,y\r\n"), std::string::npos);
  EXPECT_NE(head.find("X-Stainless-Lang: js\r\n"), std::string::npos);
  EXPECT_NE(head.find("User-Agent: sdk/1\r\n"), std::string::npos);
  EXPECT_NE(head.find("accept-encoding: identity\r\n"), std::string::npos);
  EXPECT_NE(head.find("anthropic-version: 2023-06-01\r\n"), std::string::npos);
  EXPECT_NE(head.find("content-length: 7\r\n"), std::string::npos);
}

TEST(AnthropicRequestHead, DropsHopByHopFieldsAndThoseThatConnectionNames) {
  const std::string head = head_for(
      "POST /v1/messages HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n"
      "Keep-Alive: 5\r\nTE: trailers\r\nX-Forwarded-For: 10.0.0.1\r\nForwarded: for=1\r\n"
      "Accept-Encoding: gzip\r\nContent-Length: 7\r\n\r\n");
  for (const char* gone : {"X-Hop", "Keep-Alive", "TE:", "Forwarded", "keep-alive"}) {
    EXPECT_EQ(head.find(gone), std::string::npos) << gone;
  }
  EXPECT_NE(head.find("Accept-Encoding: gzip\r\n"), std::string::npos);
  EXPECT_EQ(head.find("identity"), std::string::npos);
}

TEST(MaskCredential, HidesEveryOccurrence) {
  std::string text = "key provider-secret-1 is bad: provider-secret-1!";
  EXPECT_TRUE(mask_credential(upstream(), text));
  EXPECT_EQ(text, "key *** is bad: ***!");
  std::string clean = "nothing here";
  EXPECT_FALSE(mask_credential(upstream(), clean));
}

}  // namespace
}  // namespace sluice::provider
