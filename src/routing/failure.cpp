#include "routing/failure.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "routing/error_facts.hpp"
#include "routing/failure_reason.hpp"
#include "routing/failure_table.hpp"
#include "routing/told_wait.hpp"

namespace sluice::routing {
namespace {

using Again = Verdict::Again;
using Scope = Verdict::Scope;

/// So long a request may wait for the same account, where there is no other.
constexpr Milliseconds short_wait = std::chrono::seconds(2);

Verdict verdict_of(const Meaning& meaning) {
  Verdict verdict;
  verdict.clients_fault = meaning.clients_fault;
  verdict.again = meaning.again;
  verdict.other = meaning.other;
  verdict.scope = meaning.scope;
  verdict.rule = meaning.rule;
  verdict.rest = meaning.rest;
  verdict.rest_max = meaning.rest_max;
  verdict.streak = meaning.streak;
  verdict.for_good = meaning.for_good;
  verdict.counts = meaning.counts;
  verdict.alert = meaning.alert;
  return verdict;
}

/// Of the provider's load, and so of time: what else fails doesn't come right by waiting.
bool is_of_time(const Verdict& verdict) {
  if (verdict.clients_fault || verdict.for_good) return false;
  return verdict.rule == RestRule::rate_limited || verdict.rule == RestRule::overloaded ||
         verdict.rule == RestRule::server_error;
}

/// `x-should-retry` of Anthropic and OpenAI: whether the same account may be asked again. It doesn't make one wait longer
/// than the table lets it.
void obey_should_retry(const Failure& failure, Verdict& verdict) {
  const auto* field = failure.head == nullptr ? nullptr : failure.head->find("x-should-retry");
  if (field == nullptr) return;
  // Refreshed or repaired, it is another request.
  const bool again_as_it_is = verdict.again == Again::if_alone || verdict.again == Again::never;
  if (!again_as_it_is) return;
  if (ascii::iequal(field->value, "false")) verdict.again = Again::never;
  const bool may_wait = verdict.rule != RestRule::rate_limited || verdict.scope == Scope::none;
  if (ascii::iequal(field->value, "true") && is_of_time(verdict) && may_wait) {
    verdict.again = Again::if_alone;
  }
}

void apply(const RestOverrides& overrides, Verdict& verdict) {
  if (verdict.scope == Scope::none) return;
  const auto& own = overrides[static_cast<std::size_t>(verdict.rule)];
  if (!own) return;
  verdict.for_good = false;
  verdict.rest = *own;
  if (*own == Milliseconds(0)) {
    verdict.scope = Scope::none;
    verdict.rest_max = Milliseconds(0);
  } else if (verdict.rest_max > Milliseconds(0)) {
    verdict.rest_max = std::max(verdict.rest_max, *own);
  }
}

}  // namespace

Verdict judge(const Failure& failure, const RestOverrides& overrides, WallTime now) {
  const ErrorFacts facts = read_error_facts(failure);
  Verdict verdict = verdict_of(find_row(failure, facts).meaning);
  verdict.reason = failure_reason(failure, facts);
  if (is_of_time(verdict)) verdict.told = told_wait(failure, facts, now);
  if (verdict.rule == RestRule::unauthorized && verdict.scope == Scope::account &&
      failure.refreshable) {
    verdict.again = Again::after_refresh;
    verdict.scope = Scope::none;
    verdict.for_good = false;
    verdict.alert = false;
  }
  if (verdict.again == Again::after_repair && !failure.has_signatures) {
    verdict.again = Again::never;
  }
  if (verdict.rule == RestRule::rate_limited && verdict.told && *verdict.told <= short_wait) {
    verdict.again = Again::if_alone;
  }
  obey_should_retry(failure, verdict);
  apply(overrides, verdict);
  return verdict;
}

}  // namespace sluice::routing
