#include "routing/failure.hpp"

#include <gtest/gtest.h>

#include "routing/failure_testing.hpp"

namespace sluice::routing {
namespace {

using namespace std::chrono_literals;
using metrics::ProviderKind;
using testing::head_of;
using testing::text_of;
using Again = Verdict::Again;

const WallTime now{1'700'000'000s};

RestOverrides with(RestRule rule, Milliseconds rest) {
  RestOverrides out{};
  out[static_cast<std::size_t>(rule)] = rest;
  return out;
}

Verdict judged(const Failure& failure, const RestOverrides& overrides = {}) {
  return judge(failure, overrides, now);
}

Verdict judged_429(std::string_view fields) {
  const auto head = head_of(fields);
  return judged({.provider = ProviderKind::anthropic, .status = 429, .head = &head});
}

TEST(Failure, ARefusedTokenThatCanBeHadAnewIsRefreshedOnceAndNothingRests) {
  Failure failure{.provider = ProviderKind::anthropic, .status = 401, .refreshable = true};
  EXPECT_EQ(text_of(judged(failure)), "after_refresh, other");
  failure.refreshable = false;
  EXPECT_EQ(text_of(judged(failure)), "other, account unauthorized for good, alert");
}

TEST(Failure, ASignatureOfAnotherAccountIsRepairedOnlyWhereThereIsOne) {
  Failure failure{.provider = ProviderKind::anthropic,
                  .status = 400,
                  .type = "invalid_request_error",
                  .message = "Invalid `signature` in `thinking` block",
                  .has_signatures = true};
  EXPECT_EQ(text_of(judged(failure)), "client's, after_repair");
  failure.has_signatures = false;
  EXPECT_EQ(text_of(judged(failure)), "client's");
}

TEST(Failure, AShortWaitMayBeWaitedForByOneThatHasNoOtherAccount) {
  EXPECT_EQ(judged_429("retry-after: 2").again, Again::if_alone);
  EXPECT_EQ(judged_429("retry-after: 3").again, Again::never);
  EXPECT_EQ(judged_429("").again, Again::never);
}

TEST(Failure, XShouldRetryIsObeyedForTheSameAccount) {
  const auto no = head_of("x-should-retry: false");
  const auto yes = head_of("x-should-retry: true");
  Failure failure{.provider = ProviderKind::openai, .status = 500, .head = &no};
  EXPECT_EQ(judged(failure).again, Again::never);
  EXPECT_TRUE(judged(failure).other);
  failure.head = &yes;
  EXPECT_EQ(judged(failure).again, Again::if_alone);
  // It makes nothing of what the table says of credentials, the client and long waits.
  EXPECT_EQ(judged_429("x-should-retry: true\nretry-after: 17").again, Again::never);
  failure.status = 402;
  EXPECT_EQ(judged(failure).again, Again::never);
  failure.status = 400;
  EXPECT_EQ(text_of(judged(failure)), "client's");
  failure = {.status = 401, .head = &no, .refreshable = true};
  EXPECT_EQ(judged(failure).again, Again::after_refresh) << "a new token is another request";
}

TEST(Failure, WhatIsTheClientsOwnRestsNothingWhoeverAnswers) {
  for (const auto provider : {ProviderKind::anthropic, ProviderKind::openai, ProviderKind::gemini,
                              ProviderKind::bedrock, ProviderKind::openai_compatible}) {
    for (const int status : {400, 404, 405, 413, 415, 422, 431, 451}) {
      const auto verdict = judged({.provider = provider, .status = status, .body = "{}"});
      EXPECT_EQ(text_of(verdict), "client's") << status;
    }
  }
}

TEST(Failure, APageOfAProxySaysNothingOfTheModel) {
  // Of a 503 without a document the dialect makes "overloaded_error".
  const Failure failure{.provider = ProviderKind::anthropic,
                        .status = 503,
                        .type = "overloaded_error",
                        .body = "<html>Service Unavailable</html>"};
  EXPECT_EQ(text_of(judged(failure)),
            "if_alone, other, account server_error 30s to 600s from 3, counts");
}

TEST(Failure, AnErrorInsideAStreamCountsAsTheStatusItStandsFor) {
  const auto head = head_of("content-type: text/event-stream");
  const Failure failure{.provider = ProviderKind::anthropic,
                        .status = 529,
                        .type = "overloaded_error",
                        .message = "Overloaded",
                        .head = &head};
  EXPECT_EQ(text_of(judged(failure)), "if_alone, other, model overloaded 30s to 600s");
}

TEST(Failure, ACompatibleServersModelsShareALimitUnlessItSaysSo) {
  EXPECT_EQ(judged({.provider = ProviderKind::openai_compatible, .status = 429}).scope,
            Verdict::Scope::account);
  EXPECT_EQ(judged({.provider = ProviderKind::openai, .status = 429}).scope, Verdict::Scope::model);
}

TEST(FailureOverrides, SayHowLongARuleRests) {
  const Failure failure{.provider = ProviderKind::anthropic, .status = 529};
  EXPECT_EQ(text_of(judged(failure, with(RestRule::overloaded, 5s))),
            "if_alone, other, model overloaded 5s to 600s");
  EXPECT_EQ(text_of(judged(failure, with(RestRule::overloaded, 20min))),
            "if_alone, other, model overloaded 1200s to 1200s");
  EXPECT_EQ(text_of(judged(failure, with(RestRule::rate_limited, 5s))),
            "if_alone, other, model overloaded 30s to 600s");
}

TEST(FailureOverrides, OfZeroRestNothingNotEvenAToldTime) {
  const auto head = head_of("retry-after: 30");
  const Failure failure{.provider = ProviderKind::anthropic, .status = 429, .head = &head};
  EXPECT_EQ(text_of(judged(failure, with(RestRule::rate_limited, 0s))), "other, told 30s");
  EXPECT_EQ(judged(failure, with(RestRule::rate_limited, 5s)).told, 30s)
      << "the provider's own time wins over any other length";
}

TEST(FailureOverrides, EndWhatWouldBeForGood) {
  const Failure failure{.provider = ProviderKind::openai, .status = 401};
  EXPECT_EQ(text_of(judged(failure, with(RestRule::unauthorized, 5min))),
            "other, account unauthorized 300s, alert");
  EXPECT_EQ(text_of(judged(failure, with(RestRule::unauthorized, 0s))), "other, alert");
}

TEST(FailureReason, IsALineOfStatusTypeAndWords) {
  EXPECT_EQ(judged({.provider = ProviderKind::anthropic,
                    .status = 429,
                    .type = "rate_limit_error",
                    .message = "input tokens\nused up\t"})
                .reason,
            "429 rate_limit_error, input tokens used up");
  EXPECT_EQ(judged({.status = 503}).reason, "503");
  EXPECT_EQ(judged({.status = 0, .code = Errc::upstream_unreachable}).reason, "no connection");
  EXPECT_EQ(judged({.status = 0, .code = Errc::upstream_timeout}).reason, "no answer in time");
  EXPECT_EQ(judged({.provider = ProviderKind::openai,
                    .status = 429,
                    .body = R"({"error":{"type":"tokens","code":"rate_limit_exceeded"}})"})
                .reason,
            "429 tokens rate_limit_exceeded");
}

TEST(FailureReason, HasABoundAndNoHalfLetters) {
  std::string message;
  for (int i = 0; i < 500; ++i) message += "\xC3\xA9";
  const auto reason = judged({.status = 500, .message = message}).reason;
  EXPECT_EQ(reason.size(), std::string_view("500, ").size() + 200);
  EXPECT_TRUE(reason.ends_with("\xC3\xA9"));
  EXPECT_EQ(judged({.status = 500, .message = "a\xFF\xC3(\x01\x7F"}).reason,
            "500, a?"
            "?(");
}

TEST(FailureReason, HoldsNoKeyThatAProviderQuotes) {
  const auto reason =
      judged({.provider = ProviderKind::openai,
              .status = 401,
              .message = "Incorrect API key provided: sk-proj-abc*******xyz. See x"})
          .reason;
  EXPECT_EQ(reason, "401, Incorrect API key provided: (key) See x");
  EXPECT_EQ(judged({.status = 400, .message = "key 'AIzaSyB1234' is bad"}).reason,
            "400, key '(key)' is bad");
}

}  // namespace
}  // namespace sluice::routing
