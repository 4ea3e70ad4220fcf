#include "relay/response_fields.hpp"

#include <gtest/gtest.h>

namespace sluice::relay {
namespace {

std::string fields_of(const std::string& lines, Body body = Body::as_is) {
  wire::ResponseHead head;
  const std::string bytes = "HTTP/1.1 200 OK\r\n" + lines + "\r\n";
  EXPECT_TRUE(wire::parse_response_head(bytes, {}, false, head)) << lines;
  return client_fields(head, body);
}

TEST(ClientFields, AreTheProvidersInItsOrderAndSpelling) {
  EXPECT_EQ(fields_of("Request-Id: req_1\r\nretry-after: 7\r\n"
                      "anthropic-ratelimit-requests-remaining: 3\r\nX-Twice: a\r\nX-Twice: b\r\n"),
            "Request-Id: req_1\r\nretry-after: 7\r\n"
            "anthropic-ratelimit-requests-remaining: 3\r\nX-Twice: a\r\nX-Twice: b\r\n");
}

TEST(ClientFields, LeaveFramingAndTheHopBehind) {
  EXPECT_EQ(fields_of("Content-Length: 3\r\nKeep-Alive: timeout=5\r\nTrailer: a\r\n"
                      "Proxy-Authenticate: Basic\r\nUpgrade: h2c\r\nTE: trailers\r\nx-a: 1\r\n"),
            "x-a: 1\r\n");
}

TEST(ClientFields, LeaveBehindWhatEveryConnectionFieldNames) {
  EXPECT_EQ(fields_of("Connection: close, X-One\r\nX-One: 1\r\nX-Two: 2\r\nX-Three: 3\r\n"
                      "Connection: x-two\r\n"),
            "X-Three: 3\r\n");
}

TEST(ClientFields, NeverSpeakForOurOrigin) {
  EXPECT_EQ(
      fields_of("Set-Cookie: a=b\r\nAccess-Control-Allow-Origin: *\r\n"
                "Strict-Transport-Security: max-age=1\r\nClear-Site-Data: \"*\"\r\n"
                "Content-Security-Policy: x\r\nAlt-Svc: h3\r\nx-sluice-error: no_account\r\n"),
      "");
}

TEST(ClientFields, KeepTheProvidersRequestIdUnderAnotherName) {
  EXPECT_EQ(fields_of("X-Request-Id: theirs\r\n"), "x-upstream-request-id: theirs\r\n");
}

TEST(ClientFields, DescribeNoBytesThatWereRewritten) {
  EXPECT_EQ(fields_of("Content-Type: a/b\r\nContent-Encoding: gzip\r\nETag: \"1\"\r\n"
                      "Content-MD5: x\r\nx-a: 1\r\n",
                      Body::rewritten),
            "x-a: 1\r\n");
}

}  // namespace
}  // namespace sluice::relay
