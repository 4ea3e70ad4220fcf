#include <algorithm>

#include "fuzz.hpp"
#include "provider/oauth2.hpp"

namespace {

bool is_sendable(std::string_view token) {
  return std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  using namespace sluice::provider;
  static constexpr int statuses[] = {200, 400, 401, 403, 408, 429, 500, 503, 302, 204};
  static const OAuth2Credential credential{.token_url = "https://login.example/token",
                                           .client_id = "relay",
                                           .client_secret = Secret("client-secret"),
                                           .refresh_token = Secret("refresh-token"),
                                           .scopes = {},
                                           .client_auth = ClientAuth::basic};
  const auto input = fuzz::split(data, size);
  const int status = statuses[input.steer % std::size(statuses)];
  const std::string_view body = input.bytes;
  const auto answer = read_token_answer(
      {.status = status, .retry_after = body.substr(0, 40), .body = body, .received = {}},
      credential);
  if (answer) {
    fuzz::require(status == 200);
    fuzz::require(!answer->access_token.empty());
    fuzz::require(is_sendable(answer->access_token.reveal()));
    fuzz::require(is_sendable(answer->refresh_token.reveal()));
    if (answer->lifetime) fuzz::require(*answer->lifetime >= seconds(1));
    return 0;
  }
  const RefreshFailure& failure = answer.error();
  if (failure.kind == RefreshFailure::Kind::refused) {
    fuzz::require(!failure.code.empty() && status < 500 && status != 429);
  }
  fuzz::require(!failure.reason.empty() && failure.reason.size() < 400);
  fuzz::require(failure.reason.find("refresh-token") == std::string::npos);
  fuzz::require(failure.reason.find("client-secret") == std::string::npos);
  fuzz::require(std::all_of(failure.reason.begin(), failure.reason.end(),
                            [](char c) { return c >= 0x20 && c < 0x7f; }));
  fuzz::require(is_sendable(failure.refresh_token.reveal()));
  if (failure.retry_after) {
    fuzz::require(*failure.retry_after >= seconds(0) && *failure.retry_after <= retry_after_max);
  }
  return 0;
}
