#pragma once
/// What a failed attempt means: whether the request may be tried again and where, and how its account rests. One table, by
/// provider, status and what the error document says. Pure. Source: the providers' own documents of 2026, see the rows.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/metric_labels.hpp"
#include "base/rest_rules.hpp"
#include "wire/http_head.hpp"

namespace sluice::routing {

using sluice::parse_rest_rule;
using sluice::rest_rules;
using sluice::RestOverrides;
using sluice::RestRule;

/// An attempt that came to nothing before its first output.
struct Failure {
  metrics::ProviderKind provider = metrics::ProviderKind::none;
  int status = 0;  // of the answer, or which an error event in it stands for; 0: none came
  Errc code = Errc::internal;  // where none came: upstream_unreachable, _timeout, _invalid
  // Of the error document, as `dialect::ProviderError`; empty: not told.
  std::string_view type = {};
  std::string_view error_code = {};
  std::string_view message = {};
  std::string_view body = {};                // the document, for hints that stand deeper in it
  const wire::ResponseHead* head = nullptr;  // null: none came
  bool refreshable = false;                  // the credential is a token that can be had anew
  bool has_signatures = false;  // the request carries thinking that an account has signed
};

struct Verdict {
  /// Whether the same account may be asked once more.
  enum class Again : std::uint8_t {
    never,
    after_refresh,  // once, with a new access token
    after_repair,   // once, without the signed thinking of another account
    if_alone,       // with backoff, where there is no other
  };
  /// What rests.
  enum class Scope : std::uint8_t { none, model, account };
  /// Whom the error is told of as it stands: the client's own fault is no account's.
  bool clients_fault = false;
  Again again = Again::never;
  bool other = false;  // another account may be asked
  Scope scope = Scope::none;
  RestRule rule = RestRule::server_error;
  Milliseconds rest{0};      // the first time; 0: as told by `told`, or none
  Milliseconds rest_max{0};  // doubles up to here with each one in a row; 0: doesn't double
  int streak = 1;            // failures in a row before it rests
  bool for_good =
      false;  // until an operator or a new credential says otherwise: `unauthorized` or `blocked`
  bool counts = false;  // in the account's error rate
  bool alert = false;
  /// When to come again, as the provider said; unclamped.
  std::optional<Milliseconds> told = {};
  std::string
      reason;  // for people, one line: "429 rate_limit_error, input tokens used up"; no credential
};

/// `now` is the wall clock: some providers name a date.
[[nodiscard]] Verdict judge(const Failure& failure, const RestOverrides& overrides, WallTime now);

/// When the answer says to come again: `retry-after-ms`, `retry-after`, the reset fields and the bodies of each provider.
/// nullopt: it doesn't, or says what can't be.
[[nodiscard]] std::optional<Milliseconds> told_wait(const Failure& failure, WallTime now);

}  // namespace sluice::routing
