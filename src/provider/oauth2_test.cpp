#include "provider/oauth2.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace sluice::provider {
namespace {

using std::chrono::minutes;
using Kind = RefreshFailure::Kind;

OAuth2Credential credential(ClientAuth auth = ClientAuth::basic) {
  return {.token_url = "https://login.example/token?p=x",
          .client_id = "relay client",
          .client_secret = Secret("s3cret:+/%"),
          .refresh_token = Secret("refresh-token-1/+="),
          .scopes = {"chat", "models:read"},
          .client_auth = auth};
}

RefreshRequest request(ClientAuth auth) {
  const auto endpoint = parse_token_url(credential().token_url);
  EXPECT_TRUE(endpoint);
  return refresh_request(*endpoint, credential(auth));
}

const WallTime now{seconds(1'700'000'000)};  // Tue, 14 Nov 2023 22:13:20 GMT

std::expected<FreshAccess, RefreshFailure> read(int status, std::string_view body,
                                                std::string_view retry_after = "") {
  return read_token_answer(
      {.status = status, .retry_after = retry_after, .body = body, .received = now}, credential());
}

RefreshFailure failure_of(int status, std::string_view body, std::string_view retry_after = "") {
  auto answer = read(status, body, retry_after);
  EXPECT_FALSE(answer);
  return answer ? RefreshFailure{} : answer.error();
}

TEST(TokenUrl, KeepsItsQueryAndTheSlashAtItsEnd) {
  const auto path = [](std::string_view url) {
    const auto endpoint = parse_token_url(url);
    return endpoint ? endpoint->path_and_query : "refused";
  };
  EXPECT_EQ(path("https://login.example/token/"), "/token/");
  EXPECT_EQ(path("https://login.example/token?p=a/b"), "/token?p=a/b");
  EXPECT_EQ(path("https://login.example?p=a"), "/?p=a");
  EXPECT_EQ(path("https://login.example"), "/");
  for (const char* refused :
       {"", "login.example/token", "ftp://login.example/", "https:///token", "https://u:p@h/token",
        "https://login.example/a b", "https://login.example/#x", "https://login.example/\r\nx: y",
        "https://login.example\\@evil/", "https://login.example:0/"}) {
    EXPECT_EQ(path(refused), "refused") << refused;
  }
}

TEST(TokenUrl, NamesTheOrigin) {
  const auto endpoint = parse_token_url("http://[::1]:9000/t");
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->origin,
            (net::Origin{.tls = false, .host = "::1", .port = 9000, .ca_file = ""}));
}

TEST(RefreshRequest, SignsTheClientInByItsEncodedNameAndSecret) {
  const RefreshRequest made = request(ClientAuth::basic);
  // base64("relay+client:s3cret%3A%2B%2F%25")
  EXPECT_EQ(made.head.reveal(),
            "POST /token?p=x HTTP/1.1\r\nhost: login.example\r\nconnection: close\r\naccept: "
            "application/json\r\n"
            "accept-encoding: identity\r\ncontent-type: application/x-www-form-urlencoded\r\n"
            "content-length: 88\r\n"
            "authorization: Basic cmVsYXkrY2xpZW50OnMzY3JldCUzQSUyQiUyRiUyNQ==\r\n\r\n");
  EXPECT_EQ(made.body.reveal(),
            "grant_type=refresh_token&refresh_token=refresh-token-1%2F%2B%3D&scope=chat+models%"
            "3Aread");
}

TEST(RefreshRequest, SignsTheClientInByTheBodyWhereTheServerWantsThat) {
  const RefreshRequest made = request(ClientAuth::post);
  EXPECT_EQ(made.head.reveal().find("authorization"), std::string_view::npos);
  EXPECT_TRUE(
      made.body.reveal().ends_with("&client_id=relay+client&client_secret=s3cret%3A%2B%2F%25"));
}

TEST(RefreshRequest, NamesAPublicClientWithoutASecret) {
  const RefreshRequest made = request(ClientAuth::none);
  EXPECT_EQ(made.head.reveal().find("authorization"), std::string_view::npos);
  EXPECT_TRUE(made.body.reveal().ends_with("&client_id=relay+client"));
}

TEST(RefreshRequest, AsksForNoScopeWhereNoneIsNamed) {
  OAuth2Credential plain = credential();
  plain.scopes.clear();
  const RefreshRequest made = refresh_request({{}, "/"}, plain);
  EXPECT_EQ(made.body.reveal().find("scope"), std::string_view::npos);
}

TEST(RefreshRequest, LetsNoValueBreakOutOfItsPlace) {
  OAuth2Credential hostile = credential(ClientAuth::post);
  hostile.refresh_token = Secret("a&grant_type=password\r\nx: y\0z");
  hostile.client_id = "\"' OR 1=1 --&scope=all";
  const RefreshRequest made = refresh_request({{}, "/"}, hostile);
  const std::string_view body = made.body.reveal();
  EXPECT_EQ(std::count(body.begin(), body.end(), '&'), 4);
  EXPECT_EQ(body.find_first_of("\r\n \"'"), std::string_view::npos);
}

TEST(TokenAnswer, GivesTheTokenItsLifetimeAndTheScope) {
  const auto fresh = read(
      200, R"({"access_token":"at-1","token_type":"Bearer","expires_in":3600,"scope":"chat"})");
  ASSERT_TRUE(fresh);
  EXPECT_EQ(fresh->access_token.reveal(), "at-1");
  EXPECT_EQ(fresh->lifetime, seconds(3600));
  EXPECT_TRUE(fresh->refresh_token.empty());
  EXPECT_EQ(fresh->scope, "chat");
}

TEST(TokenAnswer, TakesTheTypeInAnyCase) {
  for (const char* type : {"bearer", "BEARER", "Bearer"}) {
    EXPECT_TRUE(read(200, std::string(R"({"access_token":"a","token_type":")") + type + "\"}"));
  }
}

TEST(TokenAnswer, TakesANewRefreshTokenWhereTheServerRotates) {
  const auto fresh =
      read(200, R"({"access_token":"a","token_type":"bearer","refresh_token":"rt-2"})");
  ASSERT_TRUE(fresh);
  EXPECT_EQ(fresh->refresh_token.reveal(), "rt-2");
}

TEST(TokenAnswer, ReadsALifetimeHoweverItIsWritten) {
  const auto lifetime = [](std::string_view text) {
    const auto fresh = read(200, R"({"access_token":"a","token_type":"bearer","expires_in":)" +
                                     std::string(text) + "}");
    EXPECT_TRUE(fresh) << text;
    return fresh ? fresh->lifetime : std::nullopt;
  };
  EXPECT_EQ(lifetime("60"), seconds(60));
  EXPECT_EQ(lifetime("\"60\""), seconds(60));
  EXPECT_EQ(lifetime("60.9"), seconds(60));
  EXPECT_EQ(lifetime("18446744073709551615"), std::chrono::days(366));
  EXPECT_EQ(lifetime("1e300"), std::chrono::days(366));
  // Not read: the token is good for as long as it will be.
  for (const char* text : {"0", "-5", "\"\"", "\"1h\"", "\"60 \"", "null", "[]", "true"}) {
    EXPECT_EQ(lifetime(text), std::nullopt) << text;
  }
}

TEST(TokenAnswer, IsUselessWithoutATokenThatCanBeSentAlong) {
  for (const char* body :
       {"", "nothing", "[]", "null", "{", "{}", R"({"access_token":1,"token_type":"bearer"})",
        R"({"access_token":"","token_type":"bearer"})",
        R"({"access_token":"a b","token_type":"bearer"})",
        R"({"access_token":"a\r\nx: y","token_type":"bearer"})",
        R"({"access_token":"\u00e9","token_type":"bearer"})", R"({"access_token":"a"})",
        R"({"access_token":"a","token_type":"mac"})", R"({"access_token":"a","token_type":"DPoP"})",
        R"({"access_token":"a","token_type":["bearer"]})"}) {
    EXPECT_EQ(failure_of(200, body).kind, Kind::try_again) << body;
  }
}

TEST(TokenAnswer, IsBoundedInAllItsParts) {
  const auto with = [](std::size_t token, std::size_t padding) {
    return R"({"access_token":")" + std::string(token, 'a') + R"(","token_type":"bearer","x":")" +
           std::string(padding, 'x') + "\"}";
  };
  EXPECT_TRUE(read(200, with(token_bytes_max, 0)));
  EXPECT_FALSE(read(200, with(token_bytes_max + 1, 0)));
  EXPECT_TRUE(read(200, with(1, token_answer_bytes_max - 200)));
  EXPECT_FALSE(read(200, with(1, token_answer_bytes_max)));
  EXPECT_FALSE(read(200, std::string(60'000, '[')));  // deep
}

TEST(TokenAnswer, KeepsARotatedTokenOfAnAnswerThatIsNoGoodOtherwise) {
  const RefreshFailure failure =
      failure_of(200, R"({"access_token":"a","token_type":"mac","refresh_token":"rt-2"})");
  EXPECT_EQ(failure.refresh_token.reveal(), "rt-2");
}

class EveryRefusal : public testing::TestWithParam<const char*> {};

TEST_P(EveryRefusal, IsForGood) {
  const std::string body = R"({"error":")" + std::string(GetParam()) + "\"}";
  for (const int status : {400, 401, 403, 200}) {
    const RefreshFailure failure = failure_of(status, body);
    EXPECT_EQ(failure.kind, Kind::refused) << status;
    EXPECT_EQ(failure.code, GetParam());
    EXPECT_NE(failure.reason.find(GetParam()), std::string::npos);
    EXPECT_EQ(failure.bad_grant(), failure.code == "invalid_grant");
  }
}

TEST_P(EveryRefusal, IsNotBelievedOfAServerThatIsIllOrBusy) {
  const std::string body = R"({"error":")" + std::string(GetParam()) + "\"}";
  for (const int status : {408, 429, 500, 502, 503, 504}) {
    EXPECT_EQ(failure_of(status, body).kind, Kind::try_again) << status;
  }
}

INSTANTIATE_TEST_SUITE_P(Rfc6749, EveryRefusal,
                         testing::Values("invalid_grant", "invalid_client", "unauthorized_client",
                                         "unsupported_grant_type", "invalid_scope"),
                         [](const auto& info) { return std::string(info.param); });

TEST(TokenError, IsTriedAgainWhereNoRefusalIsNamed) {
  for (const int status : {400, 401, 403, 404, 500, 503, 204, 201}) {
    for (const char* body :
         {"", "<html>", R"({"error":"slow_down"})", R"({"error":"invalid_request"})",
          R"({"error":{"message":"invalid_grant"}})", R"(["invalid_grant"])"}) {
      EXPECT_EQ(failure_of(status, body).kind, Kind::try_again) << status << body;
    }
  }
}

TEST(TokenError, FollowsNoRedirect) {
  const RefreshFailure failure = failure_of(302, R"({"error":"invalid_grant"})");
  EXPECT_EQ(failure.kind, Kind::try_again);
  EXPECT_NE(failure.reason.find("redirect"), std::string::npos);
}

TEST(TokenError, TellsWhatTheServerSaysWithoutWhatWeSentIt) {
  const RefreshFailure failure = failure_of(
      400,
      R"({"error":"invalid_grant","error_description":"token\n refresh-token-1/+= of s3cret:+/% expired\u0007 )"
      R"(eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkw"})");
  EXPECT_EQ(failure.reason,
            "the token endpoint answered with status 400, invalid_grant: token *** of *** expired? "
            "***");
}

TEST(TokenError, HoldsNoSecretThatTheServerCallsAnErrorCode) {
  OAuth2Credential plain = credential();
  plain.refresh_token = Secret("refresh-token-1");
  const auto answer = read_token_answer({.status = 400,
                                         .retry_after = "",
                                         .body = R"({"error":"no.refresh-token-1"})",
                                         .received = now},
                                        plain);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, "the token endpoint answered with status 400");
}

TEST(TokenError, IsShortHoweverMuchTheServerSays) {
  std::string words;
  for (int i = 0; i < 5000; ++i) words += "no ";
  const RefreshFailure failure =
      failure_of(400, R"({"error":"invalid_grant","error_description":")" + words + "\"}");
  EXPECT_LT(failure.reason.size(), 300U);
}

TEST(TokenError, SaysWhenToComeBack) {
  EXPECT_EQ(failure_of(429, "", "7").retry_after, seconds(7));
  EXPECT_EQ(failure_of(503, "", "Tue, 14 Nov 2023 22:14:20 GMT").retry_after, seconds(60));
  EXPECT_EQ(failure_of(503, "").retry_after, std::nullopt);
}

TEST(RetryAfter, IsSecondsOrADateAndNeverTooLong) {
  EXPECT_EQ(parse_retry_after("0", now), seconds(0));
  EXPECT_EQ(parse_retry_after(" 120 ", now), seconds(120));
  EXPECT_EQ(parse_retry_after("86400", now), retry_after_max);
  EXPECT_EQ(parse_retry_after("99999999999999999999", now), retry_after_max);
  EXPECT_EQ(parse_retry_after("Tue, 14 Nov 2023 22:13:00 GMT", now), seconds(0));
  EXPECT_EQ(parse_retry_after("Wed, 15 Nov 2023 22:13:20 GMT", now), retry_after_max);
  for (const char* nonsense : {"", "-1", "soon", "1.5", "7x", "Tue, 14 Nov 2023 22:13:00 CET"}) {
    EXPECT_EQ(parse_retry_after(nonsense, now), std::nullopt) << nonsense;
  }
}

TEST(WhenToRefresh, IsAFifthOfTheLifetimeAheadWithinBounds) {
  SeededRandom random(1);
  const auto ahead = [&](seconds lifetime) {
    return std::chrono::duration_cast<Milliseconds>(
        now + lifetime - when_to_refresh(now + lifetime, lifetime, random));
  };
  for (int i = 0; i < 200; ++i) {
    const auto within = [&](seconds lifetime, Milliseconds least) {
      const Milliseconds got = ahead(lifetime);
      EXPECT_GE(got, least) << lifetime.count();
      EXPECT_LE(got, least + least / 10) << lifetime.count();
    };
    within(minutes(10), minutes(2));
    within(minutes(3), minutes(1));
    within(std::chrono::hours(8), minutes(10));
    within(std::chrono::days(30), minutes(10));
    within(seconds(100), seconds(50));  // short-lived: never more than the half
    within(seconds(4), seconds(2));
    within(seconds(0), seconds(0));
  }
}

TEST(WhenToRefresh, DiffersFromOneToTheNext) {
  SeededRandom random(2);
  const WallTime first = when_to_refresh(now, minutes(60), random);
  EXPECT_NE(first, when_to_refresh(now, minutes(60), random));
}

TEST(RefreshDelay, GrowsFromOneSecondToFiveMinutes) {
  SeededRandom random(3);
  Milliseconds longest{0};
  for (int failures = 1; failures < 40; ++failures) {
    for (int i = 0; i < 50; ++i) {
      const Milliseconds delay = refresh_delay(failures, {}, random);
      EXPECT_GE(delay, seconds(1));
      EXPECT_LE(delay, minutes(5));
      if (failures == 1) EXPECT_LE(delay, seconds(2));
      if (failures == 3) EXPECT_LE(delay, seconds(8));
      longest = std::max(longest, delay);
    }
  }
  EXPECT_GT(longest, minutes(4));
}

TEST(RefreshDelay, ObeysTheServerThatAsksForMore) {
  SeededRandom random(4);
  EXPECT_EQ(refresh_delay(1, minutes(20), random), minutes(20));
  EXPECT_GE(refresh_delay(1, seconds(0), random), seconds(1));
}

}  // namespace
}  // namespace sluice::provider
