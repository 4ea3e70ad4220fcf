#include "wire/http_head.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sluice::wire {
namespace {

Status parse(std::string_view head, RequestHead& out) { return parse_request_head(head, {}, out); }
Status parse(std::string_view head, ResponseHead& out) {
  return parse_response_head(head, {}, false, out);
}

/// A request that is right but for the lines given.
Errc refusal_of(std::string_view lines,
                std::string_view request_line = "POST /v1/messages HTTP/1.1") {
  RequestHead head;
  const auto text = std::string(request_line) + "\r\nHost: a\r\n" + std::string(lines) + "\r\n";
  const auto status = parse(text, head);
  return status ? Errc::internal : status.error().code;
}

Errc refusal_of_answer(std::string_view text) {
  ResponseHead head;
  const auto status = parse(text, head);
  return status ? Errc::internal : status.error().code;
}

TEST(RequestHead, HasItsLineItsFieldsAndItsFraming) {
  RequestHead head;
  ASSERT_TRUE(parse(
      "POST /v1/messages?beta=true HTTP/1.1\r\nHost: a:8080\r\nX-Api-Key:\t k \t\r\nX-Empty:\r\n"
      "X-Text: gr\xfc\xdf\r\ncontent-LENGTH: 13\r\n\r\n",
      head));
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.target, "/v1/messages?beta=true");
  EXPECT_EQ(head.minor_version, 1);
  EXPECT_EQ(head.headers.size(), 5u);
  EXPECT_EQ(head.find("x-api-key")->value, "k");
  EXPECT_EQ(head.find("x-empty")->value, "");
  EXPECT_EQ(head.find("x-text")->value, "gr\xfc\xdf");
  EXPECT_EQ(head.find("x-none"), nullptr);
  EXPECT_EQ(head.value("x-api-key"), "k");
  EXPECT_EQ(head.value("x-none"), "");
  EXPECT_EQ(head.framing, Framing::length);
  EXPECT_EQ(head.content_length, 13u);
  EXPECT_TRUE(head.keep_alive);
}

TEST(RequestHead, ForgetsTheRequestBefore) {
  RequestHead head;
  ASSERT_TRUE(parse("POST / HTTP/1.0\r\nContent-Length: 13\r\nX: y\r\n\r\n", head));
  ASSERT_TRUE(parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n", head));
  EXPECT_EQ(head.framing, Framing::none);
  EXPECT_EQ(head.content_length, 0u);
  EXPECT_EQ(head.headers.size(), 1u);
  EXPECT_TRUE(head.keep_alive);
}

TEST(RequestHead, KeepsTheConnectionAsVersionAndConnectionSay) {
  RequestHead head;
  ASSERT_TRUE(parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n", head));
  EXPECT_FALSE(head.keep_alive);
  ASSERT_TRUE(parse("GET / HTTP/1.0\r\n\r\n", head));
  EXPECT_FALSE(head.keep_alive);
  ASSERT_TRUE(parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", head));
  EXPECT_TRUE(head.keep_alive);
  ASSERT_TRUE(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", head));
  EXPECT_FALSE(head.keep_alive);
}

TEST(RequestHead, MayExpectAHundredAndNothingElse) {
  RequestHead head;
  ASSERT_TRUE(parse(
      "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n", head));
  EXPECT_TRUE(head.expect_continue);
  ASSERT_TRUE(parse("PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n", head));
  EXPECT_FALSE(head.expect_continue);
  EXPECT_EQ(refusal_of("Expect: 200-maybe\r\n"), Errc::expectation_failed);
  EXPECT_EQ(refusal_of("Expect:\r\n"), Errc::expectation_failed);
}

TEST(RequestHead, RefusesAFramingThatTwoReadersCouldUnderstandDifferently) {
  for (const std::string_view lines :
       {"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 1\r\nContent-Length: 1\r\n", "Content-Length: 1, 1\r\n",
        "Content-Length: +1\r\n", "Content-Length:\r\n", "Content-Length: 0x1\r\n",
        "Content-Length: 9223372036854775808\r\n", "Content-Length: 00000000000000000001\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: chunked,\r\n",
        "Transfer-Encoding:\r\n", "Transfer-Encoding: identity\r\n",
        "Transfer_Encoding: chunked\r\n", "Content_length: 1\r\n",
        "Transfer-Encoding : chunked\r\n"}) {
    EXPECT_EQ(refusal_of(lines), Errc::invalid_request) << lines;
  }
  EXPECT_EQ(refusal_of("Content-Length: 9223372036854775807\r\n"), Errc::internal);
  EXPECT_EQ(refusal_of("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.0"), Errc::invalid_request);
}

TEST(RequestHead, RefusesFieldLinesThatAreNotOne) {
  using std::string_view_literals::operator""sv;
  for (const auto lines :
       {"X: a\r\n b\r\n"sv, " X: a\r\n"sv, "X\r\n"sv, ": x\r\n"sv, "X Y: z\r\n"sv, "X: a\rb\r\n"sv,
        "X: a\nY: b\r\n"sv, "X: a\0b\r\n"sv, "X: a\x7f\r\n"sv, "X\xc3\xa4: y\r\n"sv, "X[]: y\r\n"sv,
        "Host: b\r\n"sv, "Authorization: a\r\nAuthorization: b\r\n"sv, "X: a\r\n\r\nY: b\r\n"sv,
        "x-api-key: a\r\nX_API_KEY: b\r\n"sv, "x-api-key: a\r\nX-Api-Key: b\r\n"sv}) {
    EXPECT_EQ(refusal_of(lines), Errc::invalid_request) << lines;
  }
}

TEST(RequestHead, RefusesRequestLinesThatAreNotOne) {
  for (const std::string_view line :
       {"POST /", "POST / HTTP/0.9", "POST / HTTP/2.0", "POST / HTTP/1.2", "POST / HTTP/1.11",
        "POST / http/1.1", "POST  / HTTP/1.1", "POST\t/\tHTTP/1.1", "POST / HTTP/1.1 ",
        "POST /a b HTTP/1.1", "POST: / HTTP/1.1", "PO\x01ST / HTTP/1.1", "POST /\xe4 HTTP/1.1",
        "CONNECT a:22 HTTP/1.1", "GET * HTTP/1.1", " GET / HTTP/1.1"}) {
    EXPECT_EQ(refusal_of("", line), Errc::invalid_request) << line;
  }
  EXPECT_EQ(refusal_of("", "OPTIONS * HTTP/1.1"), Errc::internal);
}

TEST(RequestHead, NeedsAHostInOneOne) {
  RequestHead head;
  EXPECT_FALSE(parse("GET / HTTP/1.1\r\n\r\n", head));
  EXPECT_FALSE(parse("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", head));
  EXPECT_TRUE(parse("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", head));
  EXPECT_TRUE(parse("GET / HTTP/1.0\r\n\r\n", head));
}

TEST(RequestHead, MayStandBehindTwoEmptyLinesAndNoMore) {
  RequestHead head;
  EXPECT_TRUE(parse("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", head));
  EXPECT_EQ(head.method, "GET");
  EXPECT_FALSE(parse("\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", head));
}

TEST(RequestHead, SaysWhichLimitItBroke) {
  RequestHead head;
  const std::string_view text = "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
  EXPECT_TRUE(parse_request_head(text, {.bytes_max = text.size(), .count_max = 2}, head));
  const auto too_long = parse_request_head(text, {.bytes_max = text.size() - 1}, head);
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().code, Errc::header_too_large);
  const auto too_many = parse_request_head(text, {.count_max = 1}, head);
  ASSERT_FALSE(too_many);
  EXPECT_EQ(too_many.error().code, Errc::header_too_large);
}

TEST(RequestHead, QuotesNothingOfTheInputInARefusal) {
  RequestHead head;
  const auto status = parse("GET / HTTP/1.1\r\nHost: a\r\nsk-secret\r\n\r\n", head);
  ASSERT_FALSE(status);
  EXPECT_FALSE(status.error().context.empty());
  EXPECT_EQ(status.error().context.find("secret"), std::string::npos);
  EXPECT_EQ(status.error().side, Side::client);
}

TEST(ResponseHead, HasItsLineItsFieldsAndItsFraming) {
  ResponseHead head;
  ASSERT_TRUE(parse(
      "HTTP/1.1 429 Too Many\tRequests\r\nRetry-After: 7\r\nTransfer-Encoding: Chunked\r\n\r\n",
      head));
  EXPECT_EQ(head.status, 429);
  EXPECT_EQ(head.reason, "Too Many\tRequests");
  EXPECT_EQ(head.find("retry-after")->value, "7");
  EXPECT_EQ(head.framing, Framing::chunked);
  EXPECT_TRUE(head.keep_alive);
}

TEST(ResponseHead, NeedsNoReason) {
  ResponseHead head;
  ASSERT_TRUE(parse("HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\n", head));
  EXPECT_EQ(head.reason, "");
  ASSERT_TRUE(parse("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n", head));
  EXPECT_EQ(head.framing, Framing::length);
  EXPECT_EQ(head.content_length, 2u);
}

TEST(ResponseHead, HasNoBodyWhereNoneMayCome) {
  ResponseHead head;
  for (const std::string_view text :
       {"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 X\r\nContent-Length: 9\r\n\r\n"}) {
    ASSERT_TRUE(parse(text, head)) << text;
    EXPECT_EQ(head.framing, Framing::none) << text;
    EXPECT_TRUE(head.keep_alive) << text;
  }
  ASSERT_TRUE(parse_response_head("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", {}, true, head));
  EXPECT_EQ(head.framing, Framing::none);
  EXPECT_EQ(head.content_length, 9u);
}

TEST(ResponseHead, RunsToTheEndOfTheConnectionWithoutAFraming) {
  ResponseHead head;
  ASSERT_TRUE(parse("HTTP/1.1 200 OK\r\n\r\n", head));
  EXPECT_EQ(head.framing, Framing::until_close);
  EXPECT_FALSE(head.keep_alive);
}

TEST(ResponseHead, KeepsTheConnectionAsVersionAndConnectionSay) {
  ResponseHead head;
  ASSERT_TRUE(parse("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n", head));
  EXPECT_FALSE(head.keep_alive);
  ASSERT_TRUE(
      parse("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n", head));
  EXPECT_TRUE(head.keep_alive);
  ASSERT_TRUE(parse("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n", head));
  EXPECT_FALSE(head.keep_alive);
}

TEST(ResponseHead, RefusesWhatIsNotOne) {
  using std::string_view_literals::operator""sv;
  for (const auto text :
       {""sv, "HTTP/1.1 2x0 OK\r\n\r\n"sv, "HTTP/1.1 99 X\r\n\r\n"sv, "HTTP/1.1 1000 X\r\n\r\n"sv,
        "HTTP/1.1 600 X\r\n\r\n"sv, "HTTP/1.1 099 X\r\n\r\n"sv, "HTTP/3.0 200 OK\r\n\r\n"sv,
        "HTTP/1.1  200 OK\r\n\r\n"sv, "HTTP/1.1 200 O\x01K\r\n\r\n"sv,
        "HTTP/1.1 101 Switching\r\n\r\n"sv, "\r\nHTTP/1.1 200 OK\r\n\r\n"sv,
        "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n"sv, "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n"sv,
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\n"sv,
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"sv,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"sv,
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"sv,
        "HTTP/1.1 200 OK\r\nContent-Ty"sv}) {
    EXPECT_EQ(refusal_of_answer(text), Errc::upstream_invalid) << text;
  }
}

TEST(HeadEndFinder, FindsTheEndHoweverTheHeadIsCut) {
  const std::string text =
      "\r\nPOST / HTTP/1.1\r\nHost: a\r\nX-Long: 0123456789012345678901234567890\r\n\r\n{}";
  for (std::size_t cut = 0; cut + 2 < text.size(); ++cut) {
    HeadEndFinder finder(Side::client);
    const auto early = finder.find(std::string_view(text).substr(0, cut));
    ASSERT_TRUE(early) << cut;
    EXPECT_EQ(*early, std::nullopt) << cut;
    const auto late = finder.find(text);
    ASSERT_TRUE(late) << cut;
    EXPECT_EQ(*late, std::optional(text.size() - 2)) << cut;
  }
}

TEST(HeadEndFinder, FindsTheNextHeadAfterAReset) {
  HeadEndFinder finder(Side::provider);
  EXPECT_EQ(finder.find("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK").value(),
            std::optional<std::size_t>(25));
  finder.reset();
  EXPECT_EQ(finder.find("HTTP/1.1 200 OK\r\n\r\n").value(), std::optional<std::size_t>(19));
}

TEST(HeadEndFinder, RefusesAtOnceWhatCantBecomeAHead) {
  using std::string_view_literals::operator""sv;
  for (const auto start : {"\x16\x03\x01"sv, "\0"sv, " GET"sv, "\n"sv, "\rG"sv,
                           "GET / HTTP/1.1\n"sv, "GET / HTTP/1.1\r\r"sv, "GET /\0"sv,
                           "\r\n\r\n\r\n"sv, "\r\n\r\n("sv, "GET / HTTP/1.1\r\nA: b\r\n\n"sv}) {
    HeadEndFinder finder(Side::client);
    const auto found = finder.find(start);
    ASSERT_FALSE(found) << start;
    EXPECT_EQ(found.error().code, Errc::invalid_request);
  }
  for (const auto start : {"SSH-2.0"sv, "h"sv, "HTTQ"sv, "\r\n"sv}) {
    HeadEndFinder finder(Side::provider);
    const auto found = finder.find(start);
    ASSERT_FALSE(found) << start;
    EXPECT_EQ(found.error().code, Errc::upstream_invalid);
  }
}

TEST(HeadEndFinder, TakesAHeadOfExactlyTheLimitAndNoMore) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  HeadEndFinder exact(Side::client, head.size());
  EXPECT_EQ(exact.find(head).value(), std::optional(head.size()));
  HeadEndFinder small(Side::client, head.size() - 1);
  const auto found = small.find(head);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Errc::header_too_large);
}

TEST(CheckTarget, TakesPathsThatMeanOneThing) {
  for (const std::string_view target :
       {"/", "/v1/messages", "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
        "/v1/x?a=..//%2e%2F;\\", "/model/anthropic.claude-v2%3A1/invoke", "/v1/.well-known",
        "/v1/a.b/", "*"}) {
    EXPECT_TRUE(check_target(target)) << target;
  }
}

TEST(CheckTarget, RefusesPathsThatSomeoneCouldReadDifferently) {
  for (const std::string_view target : {"",
                                        "v1",
                                        "http://a/v1",
                                        "/v1/../admin",
                                        "/v1/%2e%2E/admin",
                                        "/v1%2Fadmin",
                                        "/v1%5cadmin",
                                        "/a%00",
                                        "/a%0d%0a",
                                        "/a%7f",
                                        "//v1",
                                        "/v1//",
                                        "/v1\\a",
                                        "/v1;a",
                                        "/v1#x",
                                        "/v1?x#y",
                                        "/a%",
                                        "/a%4",
                                        "/a%zz",
                                        "/./v1",
                                        "/v1/.",
                                        "/v1\xc3\xa4",
                                        "/v1?\xc3\xa4",
                                        "/v1?a b",
                                        "/v1?\x01",
                                        "/..",
                                        "*/"}) {
    const auto status = check_target(target);
    ASSERT_FALSE(status) << target;
    EXPECT_EQ(status.error().code, Errc::invalid_request) << target;
  }
}

}  // namespace
}  // namespace sluice::wire
