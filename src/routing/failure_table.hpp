#pragma once
/// The table of failures: what each answer of each provider means. Read from the top, the first row that fits counts.

#include <cstdint>
#include <span>
#include <string_view>

#include "routing/error_facts.hpp"
#include "routing/failure.hpp"

namespace sluice::routing {

/// What a row says; `Verdict` is made of it.
struct Meaning {
  Verdict::Again again = Verdict::Again::never;
  bool other = false;
  Verdict::Scope scope = Verdict::Scope::none;
  RestRule rule = RestRule::server_error;
  Milliseconds rest{0};
  Milliseconds rest_max{0};
  int streak = 1;
  bool for_good = false;
  bool counts = false;
  bool alert = false;
  bool clients_fault = false;
};

/// Who speaks: a set of `metrics::ProviderKind`, a bit each.
using Providers = std::uint32_t;
inline constexpr Providers any_provider = ~Providers{0};

struct FailureRow {
  /// Where the words are looked for, in any case.
  enum class Where : std::uint8_t {
    any,      // there are none
    name,     // the type or the code is one of them
    message,  // the message holds one
    both,     // either
    reason,   // Google's ErrorInfo is one
    quota,    // Google's QuotaFailure holds one
    field,    // "NAME: VALUE": the answer has that header
    upstream  // a router tells of a provider behind it; no words
  };
  std::string_view name = {};  // what tests and people call it
  Providers providers = any_provider;
  int status_from = 0;  // 0 to 0: no answer came
  int status_to = 0;
  Errc code = Errc::internal;  // where none came
  Where where = Where::any;
  std::string_view words = {};  // alternatives, with | between them; in lower case
  Meaning meaning = {};
};

[[nodiscard]] std::span<const FailureRow> failure_table();
/// The last row fits whatever no other does.
[[nodiscard]] const FailureRow& find_row(const Failure& failure, const ErrorFacts& facts);

}  // namespace sluice::routing
