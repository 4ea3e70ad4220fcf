#pragma once
/// What an error document says, whichever provider wrote it: the dialect's reading where there is one, and what stands deeper
/// in the document or in a header.

#include <string>
#include <string_view>

#include "routing/failure.hpp"

namespace sluice::routing {

struct ErrorFacts {
  std::string type;
  std::string
      code;  // finer than `type`; Google's status word, OpenAI's code, Anthropic's error_code
  std::string message;
  std::string reason;  // of Google's ErrorInfo: "API_KEY_INVALID"
  std::string
      quota_id;  // of Google's QuotaFailure, all of them: "GenerateRequestsPerDayPerProjectPerModel"
  std::string retry_delay;     // of Google's RetryInfo: "34.07s"
  bool from_upstream = false;  // a router passes on what a provider behind it said
};

/// A body that isn't JSON, such as a proxy's page, says nothing: what the dialect made of its status alone is not believed.
[[nodiscard]] ErrorFacts read_error_facts(const Failure& failure);

}  // namespace sluice::routing
