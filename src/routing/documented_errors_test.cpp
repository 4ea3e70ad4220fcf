#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "base/testing.hpp"
#include "base/timestamps.hpp"
#include "routing/failure_testing.hpp"

namespace sluice::routing {
namespace {

using metrics::ProviderKind;
using testing::text_of;

constexpr std::string_view server_error =
    "if_alone, other, account server_error 30s to 600s from 3, counts";
constexpr std::string_view overloaded = "if_alone, other, model overloaded 30s to 600s";
constexpr std::string_view no_credit = "other, account quota 3600s, alert";
constexpr std::string_view unauthorized = "other, account unauthorized for good, alert";

struct Expected {
  std::string_view verdict;
  int status = 0;  // of an error inside a stream; 0: that of the head
};

/// Of every file of golden/errors-documented. "": it is no failure, or one after the first output.
const std::map<std::string, Expected> expected = {
    {"anthropic-400-credit-too-low", {no_credit}},
    {"anthropic-400-invalid-request", {"client's"}},
    {"anthropic-400-prompt-too-long", {"client's"}},
    {"anthropic-400-thinking-bound", {"client's, after_repair"}},
    {"anthropic-401", {unauthorized}},
    {"anthropic-402-billing", {no_credit}},
    {"anthropic-403", {"other, account forbidden 600s, alert"}},
    {"anthropic-403-on-hold", {"other, account forbidden for good, alert"}},
    {"anthropic-413", {"client's"}},
    {"anthropic-429", {"other, model rate_limited 60s, told 17s"}},
    {"anthropic-429-ramp", {"other, account rate_limited 60s, told 60s"}},
    {"anthropic-500", {server_error}},
    {"anthropic-504", {server_error}},
    {"anthropic-529", {overloaded}},
    {"anthropic-cut-off", {""}},
    {"anthropic-error-first-event", {overloaded, 529}},
    {"anthropic-overloaded-midstream", {overloaded, 529}},
    {"azure-400-content-filter", {"client's"}},
    {"azure-401", {unauthorized}},
    {"azure-404-deployment", {"other, model model_missing 3600s, alert"}},
    {"azure-429", {"other, model rate_limited 60s, told 6s"}},
    {"bedrock-403-access", {"other, model model_missing 3600s, alert"}},
    {"bedrock-403-expired", {unauthorized}},
    {"bedrock-403-signature", {"if_alone, other, account forbidden 600s from 3, alert"}},
    {"bedrock-404", {"client's"}},
    {"bedrock-408", {server_error}},
    {"bedrock-424", {"if_alone, other"}},
    {"bedrock-429-not-ready", {"if_alone, other"}},
    {"bedrock-429-throttled", {"other, model rate_limited 60s"}},
    {"bedrock-503", {overloaded}},
    {"gemini-400-bad-key", {unauthorized}},
    {"gemini-403", {"other, account forbidden 600s, alert"}},
    {"gemini-429-array-form", {"other, model rate_limited 60s"}},
    {"gemini-429-retryinfo", {"other, model rate_limited 60s, told 69904s"}},
    {"gemini-500", {server_error}},
    {"gemini-503", {overloaded}},
    {"gemini-error-data-line", {"other, model rate_limited 60s", 429}},
    {"gemini-error-midstream", {overloaded, 503}},
    {"openai-400-context", {"client's"}},
    {"openai-401", {unauthorized}},
    {"openai-403-region", {"other, account forbidden for good, alert"}},
    {"openai-429-quota", {no_credit}},
    {"openai-429-tokens", {"other, model rate_limited 60s, told 6200ms"}},
    {"openai-500", {server_error}},
    {"openai-503-overloaded", {overloaded}},
    {"openai-chat-cut-off", {""}},
    {"openai-chat-error-midstream", {server_error, 500}},
    {"openai-chat-no-done", {""}},
    {"responses-error-event", {"other, model rate_limited 60s", 429}},
    {"responses-error-event-nested", {no_credit, 429}},
    {"vertex-401", {unauthorized}},
    {"vertex-429", {"if_alone, other, model overloaded 10s to 600s"}},
};

ProviderKind provider_of(std::string_view dialect) {
  if (dialect.starts_with("anthropic")) return ProviderKind::anthropic;
  if (dialect.starts_with("azure")) return ProviderKind::azure_openai;
  if (dialect.starts_with("bedrock")) return ProviderKind::bedrock;
  if (dialect.starts_with("gemini")) return ProviderKind::gemini;
  if (dialect.starts_with("vertex")) return ProviderKind::vertex;
  return ProviderKind::openai;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The last line of a stream that holds a document: the error event's.
std::string last_document(std::string_view stream) {
  const auto begin =
      stream.rfind("\n{") == std::string_view::npos ? stream.rfind("data: ") : stream.rfind("\n{");
  const auto line = stream.substr(stream.find('{', begin));
  return std::string(line.substr(0, line.find_first_of("\r\n")));
}

TEST(DocumentedErrors, MeanWhatTheTableSays) {
  SLUICE_SHARED_OR_SKIP(folder, "golden/errors-documented");
  std::size_t seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string file = entry.path().filename().string();
    if (!file.ends_with(".meta.json")) continue;
    ++seen;
    const std::string name = file.substr(0, file.size() - std::string_view(".meta.json").size());
    const auto found = expected.find(name);
    ASSERT_NE(found, expected.end()) << name << " is new";
    if (found->second.verdict.empty()) continue;
    const auto meta = boost::json::parse(read_file(entry.path())).as_object();

    wire::ResponseHead head;
    for (const auto& [field, value] : meta.at("response_headers").as_object()) {
      head.headers.push_back({field, std::string_view(value.as_string())});
    }
    const int in_stream = found->second.status;
    const std::string body = in_stream != 0
                                 ? last_document(read_file(folder / (name + ".response.sse")))
                                 : read_file(folder / (name + ".response.json"));
    const Failure failure{
        .provider = provider_of(std::string_view(meta.at("dialect").as_string())),
        .status = in_stream != 0 ? in_stream : static_cast<int>(meta.at("status").as_int64()),
        .body = body,
        .head = &head,
        .has_signatures = true};
    // In the hour that the files are of.
    const Verdict verdict = judge(failure, {}, *parse_rfc3339("2026-01-15T12:34:56Z"));
    EXPECT_EQ(text_of(verdict), found->second.verdict) << name;
    EXPECT_FALSE(verdict.reason.empty());
  }
  EXPECT_EQ(seen, expected.size());
}

}  // namespace
}  // namespace sluice::routing
