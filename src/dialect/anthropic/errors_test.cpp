#include "dialect/anthropic/errors.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::dialect::anthropic {
namespace {

TEST(AnthropicErrors, EachStatusHasItsType) {
  EXPECT_EQ(error_type(400), "invalid_request_error");
  EXPECT_EQ(error_type(401), "authentication_error");
  EXPECT_EQ(error_type(402), "billing_error");
  EXPECT_EQ(error_type(403), "permission_error");
  EXPECT_EQ(error_type(404), "not_found_error");
  EXPECT_EQ(error_type(405), "invalid_request_error");
  EXPECT_EQ(error_type(408), "timeout_error");
  EXPECT_EQ(error_type(409), "conflict_error");
  EXPECT_EQ(error_type(413), "request_too_large");
  EXPECT_EQ(error_type(417), "invalid_request_error");
  EXPECT_EQ(error_type(429), "rate_limit_error");
  EXPECT_EQ(error_type(431), "request_too_large");
  EXPECT_EQ(error_type(500), "api_error");
  EXPECT_EQ(error_type(502), "api_error");
  EXPECT_EQ(error_type(503), "overloaded_error");
  EXPECT_EQ(error_type(504), "timeout_error");
  EXPECT_EQ(error_type(529), "overloaded_error");
}

TEST(AnthropicErrors, ATypeStandsForOneStatus) {
  for (const int status : {400, 401, 402, 403, 404, 409, 413, 429, 500, 504, 529}) {
    EXPECT_EQ(http_equivalent(error_type(status)), status);
  }
  EXPECT_EQ(http_equivalent("error_of_tomorrow"), 500);
}

TEST(AnthropicErrors, TheDocumentIsReadBackAsWritten) {
  const std::string message = "quote \" slash \\ line \n tab \t nul \x01 caf\xC3\xA9";
  const auto body = error_document("api_error", message, "01J");
  EXPECT_TRUE(is_error_body(body));
  const auto error = read_error(500, body);
  EXPECT_EQ(error.type, "api_error");
  EXPECT_EQ(error.message, message);
  EXPECT_EQ(error.request_id, "01J");
  EXPECT_EQ(error_document("a", "b", ""),
            R"({"type":"error","error":{"type":"a","message":"b"},"request_id":null})");
}

TEST(AnthropicErrors, ABrokenMessageStillMakesADocument) {
  EXPECT_TRUE(
      read_error(400, error_document("x", "model: \xFF", "r")).message.starts_with("model: "));
}

TEST(AnthropicErrors, ReadsTheFinerCodeOfDetails) {
  const auto error = read_error(
      429, R"({"type":"error","error":{"type":"rate_limit_error","message":"m","details":)"
           R"({"error_code":"ramp_limit_exceeded","x":null}},"request_id":null})");
  EXPECT_EQ(error.code, "ramp_limit_exceeded");
  EXPECT_EQ(error.type, "rate_limit_error");
  EXPECT_EQ(error.status, 429);
}

TEST(AnthropicErrors, ReadsGooglesShapesInFrontOfVertex) {
  const std::string document =
      R"({"error":{"code":429,"message":"Quota","status":"RESOURCE_EXHAUSTED"}})";
  for (const auto& body : {document, "[" + document + "]"}) {
    const auto error = read_error(429, body);
    EXPECT_EQ(error.message, "Quota");
    EXPECT_EQ(error.code, "RESOURCE_EXHAUSTED");
    EXPECT_EQ(error.type, "rate_limit_error");
  }
  EXPECT_FALSE(is_error_body(document));
}

TEST(AnthropicErrors, WhatIsNoDocumentGivesTheStatusAlone) {
  const std::vector<std::string> bodies = {
      "", "<html>502</html>", "[]", "{", "7", R"({"error":7})", std::string(100'000, '[')};
  for (const auto& body : bodies) {
    const auto error = read_error(502, body);
    EXPECT_EQ(error.status, 502);
    EXPECT_EQ(error.type, "api_error");
    EXPECT_FALSE(is_error_body(body));
  }
  EXPECT_EQ(read_error(502, R"({"error":"no healthy upstream"})").message, "no healthy upstream");
}

TEST(AnthropicErrors, TakesTheStatusOfADocumentUnderAGoodOneFromItsType) {
  const auto under = [](int status, std::string_view type) {
    return read_error(status, R"({"type":"error","error":{"type":")" + std::string(type) +
                                  R"(","message":"m"}})")
        .status;
  };
  EXPECT_EQ(under(200, "overloaded_error"), 529);
  EXPECT_EQ(under(200, "rate_limit_error"), 429);
  EXPECT_EQ(under(503, "overloaded_error"), 503);
}

}  // namespace
}  // namespace sluice::dialect::anthropic
