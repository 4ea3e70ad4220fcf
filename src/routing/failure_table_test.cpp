#include "routing/failure_table.hpp"

#include <gtest/gtest.h>

#include <set>

#include "routing/failure_testing.hpp"

namespace sluice::routing {
namespace {

using metrics::ProviderKind;
using testing::head_of;
using testing::text_of;

struct Example {
  std::string_view row;
  ProviderKind provider;
  int status;
  std::string_view fields;
  std::string_view body;
  std::string_view verdict;
  Errc code = Errc::internal;
};

void PrintTo(const Example& example, std::ostream* out) { *out << example.row; }

constexpr std::string_view server_error =
    "if_alone, other, account server_error 30s to 600s from 3, counts";
constexpr std::string_view overloaded = "if_alone, other, model overloaded 30s to 600s";
constexpr std::string_view no_credit = "other, account quota 3600s, alert";
constexpr std::string_view blocked = "other, account forbidden for good, alert";
constexpr std::string_view unauthorized = "other, account unauthorized for good, alert";
constexpr std::string_view model_missing = "other, model model_missing 3600s, alert";
constexpr std::string_view limited_model = "other, model rate_limited 60s";

const Example examples[] = {
    {"unreachable", ProviderKind::openai, 0, "", "",
     "if_alone, other, account unreachable 30s to 600s from 3, counts", Errc::upstream_unreachable},
    {"timeout", ProviderKind::bedrock, 0, "", "",
     "other, account server_error 30s to 600s from 3, counts", Errc::upstream_timeout},
    {"invalid", ProviderKind::anthropic, 0, "", "", server_error, Errc::upstream_invalid},
    {"no_answer_of_ours", ProviderKind::none, 0, "", "", "other", Errc::no_account},

    {"anthropic_credit_too_low", ProviderKind::anthropic, 400, "",
     R"({"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."}})",
     no_credit},
    {"anthropic_spend_limit_code", ProviderKind::anthropic, 429, "retry-after: 5",
     R"({"type":"error","error":{"type":"rate_limit_error","message":"m","details":{"error_code":"enforced_spend_limit_reached"}}})",
     no_credit},
    {"anthropic_spend_limit", ProviderKind::anthropic, 400, "",
     R"({"error":{"type":"invalid_request_error","message":"You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC."}})",
     no_credit},
    {"thinking_signature", ProviderKind::anthropic, 400, "",
     R"({"error":{"type":"invalid_request_error","message":"messages.1.content.0: Invalid `signature` in `thinking` block"}})",
     "client's, after_repair"},
    {"anthropic_on_hold", ProviderKind::anthropic, 403, "",
     R"({"error":{"type":"permission_error","message":"m","details":{"error_code":"organization_on_hold"}}})",
     blocked},
    {"anthropic_unified_rejected", ProviderKind::anthropic, 429,
     "anthropic-ratelimit-unified-status: rejected", "", "other, account rate_limited 300s"},
    {"anthropic_ramp_limit", ProviderKind::anthropic, 429, "retry-after: 60",
     R"({"error":{"type":"rate_limit_error","message":"m","details":{"error_code":"ramp_limit_exceeded"}}})",
     "other, account rate_limited 60s, told 60s"},
    {"anthropic_thread_in_flight", ProviderKind::anthropic, 409, "",
     R"({"error":{"type":"conflict_error","message":"m","details":{"error_code":"thread_continue_in_flight"}}})",
     "if_alone"},
    {"anthropic_thread", ProviderKind::anthropic, 409, "",
     R"({"error":{"type":"conflict_error","message":"m","details":{"error_code":"thread_closed"}}})",
     "client's"},

    {"openai_region", ProviderKind::openai, 403, "",
     R"({"error":{"code":"unsupported_country_region_territory","type":"request_forbidden"}})",
     blocked},
    {"openai_model_forbidden", ProviderKind::openai, 403, "",
     R"({"error":{"message":"Project `p` does not have access to model `m`","code":"model_not_found"}})",
     model_missing},
    {"openai_quota", ProviderKind::openai, 429, "retry-after: 1",
     R"({"error":{"message":"m","type":"insufficient_quota","code":"insufficient_quota"}})",
     no_credit},
    {"azure_deployment_missing", ProviderKind::azure_openai, 404, "",
     R"({"error":{"code":"DeploymentNotFound","message":"m"}})", model_missing},
    {"azure_dependency_failed", ProviderKind::azure_openai, 424, "", "", server_error},
    {"openrouter_upstream", ProviderKind::openai_compatible, 429, "",
     R"({"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"slow","provider_name":"X"}}})",
     "if_alone, other, model overloaded 5s to 60s"},
    {"openrouter_upstream_down", ProviderKind::openai_compatible, 502, "",
     R"({"error":{"message":"Provider returned error","code":502,"metadata":{"provider_name":"X"}}})",
     "if_alone, other, model overloaded 5s to 60s"},
    {"openai_slow_down", ProviderKind::azure_openai, 429, "",
     R"({"error":{"message":"That model is currently overloaded with other requests.","code":null}})",
     overloaded},
    {"openai_503", ProviderKind::openai, 503, "",
     R"({"error":{"message":"Slow down","type":"service_unavailable_error","code":"x"}})",
     overloaded},

    {"google_bad_key", ProviderKind::gemini, 400, "",
     R"({"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}})",
     unauthorized},
    {"google_bad_key_text", ProviderKind::gemini, 400, "",
     R"({"error":{"code":400,"message":"API key expired. Please renew the API key.","status":"INVALID_ARGUMENT"}})",
     unauthorized},
    {"google_thought_signature", ProviderKind::vertex, 400, "",
     R"({"error":{"code":400,"message":"Corrupted thought signature.","status":"INVALID_ARGUMENT"}})",
     "client's, after_repair"},
    {"google_location", ProviderKind::gemini, 400, "",
     R"({"error":{"message":"User location is not supported for the API use.","status":"FAILED_PRECONDITION"}})",
     blocked},
    {"google_precondition", ProviderKind::gemini, 400, "",
     R"({"error":{"code":400,"message":"enable billing","status":"FAILED_PRECONDITION"}})",
     no_credit},
    {"google_billing_disabled", ProviderKind::vertex, 403, "",
     R"({"error":{"status":"PERMISSION_DENIED","details":[{"reason":"BILLING_DISABLED"}]}})",
     no_credit},
    {"google_service_disabled", ProviderKind::vertex, 403, "",
     R"({"error":{"status":"PERMISSION_DENIED","details":[{"@type":"x"},{"reason":"SERVICE_DISABLED"}]}})",
     blocked},
    {"google_leaked_key", ProviderKind::gemini, 403, "",
     R"({"error":{"message":"Your API key was reported as leaked.","status":"PERMISSION_DENIED"}})",
     blocked},
    {"google_quota_of_day", ProviderKind::gemini, 429, "",
     R"({"error":{"details":[{"violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel"}]},{"retryDelay":"34s"}]}})",
     "other, model rate_limited 60s, told 35200s"},
    {"google_quota", ProviderKind::vertex, 429, "",
     R"({"error":{"details":[{"violations":[{"quotaId":"RequestsPerMinutePerProject"}]},{"retryDelay":"12.5s"}]}})",
     "other, model rate_limited 60s, told 12500ms"},
    {"google_quota_text", ProviderKind::vertex, 429, "",
     R"({"error":{"code":429,"message":"Quota exceeded for online_prediction_requests_per_base_model."}})",
     limited_model},
    {"vertex_shared_quota", ProviderKind::vertex, 429, "",
     R"({"error":{"code":429,"message":"Resource exhausted. Please try again later.","status":"RESOURCE_EXHAUSTED"}})",
     "if_alone, other, model overloaded 10s to 600s"},
    {"google_unavailable", ProviderKind::gemini, 503, "",
     R"({"error":{"code":503,"message":"m","status":"UNAVAILABLE"}})", overloaded},

    {"bedrock_service_quota", ProviderKind::bedrock, 400,
     "x-amzn-errortype: ServiceQuotaExceededException", R"({"message":"m"})",
     "other, account quota 300s, alert"},
    {"bedrock_expired_token", ProviderKind::bedrock, 403, "x-amzn-errortype: ExpiredTokenException",
     R"({"message":"m"})", unauthorized},
    {"bedrock_bad_key", ProviderKind::bedrock, 403, "",
     R"({"__type":"com.amazon.coral.service#UnrecognizedClientException","message":"m"})",
     unauthorized},
    {"bedrock_signature", ProviderKind::bedrock, 403,
     "x-amzn-errortype: InvalidSignatureException:http://x/", "",
     "if_alone, other, account forbidden 600s from 3, alert"},
    {"bedrock_access_denied", ProviderKind::bedrock, 403, "x-amzn-errortype: AccessDeniedException",
     "", model_missing},
    {"bedrock_model_error", ProviderKind::bedrock, 424, "x-amzn-errortype: ModelErrorException", "",
     "if_alone, other"},
    {"bedrock_model_not_ready", ProviderKind::bedrock, 429,
     "x-amzn-errortype: ModelNotReadyException", "", "if_alone, other"},
    {"bedrock_unavailable", ProviderKind::bedrock, 503,
     "x-amzn-errortype: ServiceUnavailableException", "", overloaded},

    {"overloaded_type", ProviderKind::anthropic_compatible, 500, "",
     R"({"error":{"type":"overloaded_error","message":"m"}})", overloaded},
    {"overloaded_529", ProviderKind::openai_compatible, 529, "", "<html>", overloaded},
    {"overloaded_503", ProviderKind::openai_compatible, 503, "",
     R"({"error":{"message":"Server overloaded, please retry"}})", overloaded},
    {"unauthorized", ProviderKind::openai, 401, "",
     R"({"error":{"code":"invalid_api_key","message":"m"}})", unauthorized},
    {"payment_required", ProviderKind::openai_compatible, 402, "",
     R"({"error":{"message":"Insufficient Balance"}})", no_credit},
    {"forbidden", ProviderKind::anthropic, 403, "",
     R"({"error":{"type":"permission_error","message":"m"}})",
     "other, account forbidden 600s, alert"},
    {"request_timeout", ProviderKind::bedrock, 408, "x-amzn-errortype: ModelTimeoutException", "",
     server_error},
    {"conflict", ProviderKind::anthropic, 409, "",
     R"({"error":{"type":"conflict_error","message":"m"}})", "if_alone"},
    {"rate_limited_model", ProviderKind::openai, 429, "",
     R"({"error":{"message":"m","type":"tokens","code":"rate_limit_exceeded"}})", limited_model},
    {"rate_limited", ProviderKind::anthropic_compatible, 429, "", "",
     "other, account rate_limited 60s"},
    {"clients_fault", ProviderKind::openai, 404, "",
     R"({"error":{"code":"model_not_found","message":"The model does not exist"}})", "client's"},
    {"server_error", ProviderKind::openai, 500, "", "", server_error},
    {"not_an_answer", ProviderKind::openai, 302, "location: /login", "", server_error},
    {"anything", ProviderKind::none, 1234, "", "", server_error},
};

class FailureTable : public ::testing::TestWithParam<Example> {};

TEST_P(FailureTable, Row) {
  const Example& example = GetParam();
  const wire::ResponseHead head = head_of(example.fields);
  const Failure failure{.provider = example.provider,
                        .status = example.status,
                        .code = example.code,
                        .body = example.body,
                        .head = example.status == 0 ? nullptr : &head,
                        .has_signatures = true};
  // 2023-11-14 22:13:20 UTC: 35,200 s before midnight in California.
  const WallTime now{std::chrono::seconds(1'700'000'000)};
  EXPECT_EQ(find_row(failure, read_error_facts(failure)).name, example.row);
  EXPECT_EQ(text_of(judge(failure, {}, now)), example.verdict);
}

INSTANTIATE_TEST_SUITE_P(Each, FailureTable, ::testing::ValuesIn(examples),
                         [](const auto& info) { return std::string(info.param.row); });

TEST(FailureTableRows, HaveAnExampleEachAndNamesOfTheirOwn) {
  std::set<std::string_view> shown;
  for (const Example& example : examples) shown.insert(example.row);
  std::set<std::string_view> rows;
  for (const FailureRow& row : failure_table()) {
    EXPECT_TRUE(rows.insert(row.name).second) << row.name << " is there twice";
    EXPECT_TRUE(shown.contains(row.name)) << row.name << " has no example";
  }
  EXPECT_EQ(shown.size(), rows.size());
}

TEST(FailureTableRows, SearchForWordsInLowerCase) {
  for (const FailureRow& row : failure_table()) {
    EXPECT_EQ(row.words.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), std::string_view::npos)
        << row.name;
  }
}

}  // namespace
}  // namespace sluice::routing
