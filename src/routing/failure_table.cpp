#include "routing/failure_table.hpp"

#include <algorithm>
#include <array>

#include "base/ascii.hpp"

namespace sluice::routing {
namespace {

using namespace std::chrono_literals;
using metrics::ProviderKind;
using Again = Verdict::Again;
using Scope = Verdict::Scope;
using Where = FailureRow::Where;

constexpr Providers bit(ProviderKind kind) { return Providers{1} << static_cast<unsigned>(kind); }
constexpr Providers anthropic =
    bit(ProviderKind::anthropic) | bit(ProviderKind::anthropic_compatible);
constexpr Providers anthropic_itself = bit(ProviderKind::anthropic);
constexpr Providers openai_itself = bit(ProviderKind::openai);
constexpr Providers openai_like = bit(ProviderKind::openai) | bit(ProviderKind::openai_compatible) |
                                  bit(ProviderKind::azure_openai);
constexpr Providers azure = bit(ProviderKind::azure_openai);
constexpr Providers router = bit(ProviderKind::openai_compatible);
constexpr Providers google = bit(ProviderKind::gemini) | bit(ProviderKind::vertex);
constexpr Providers vertex = bit(ProviderKind::vertex);
constexpr Providers bedrock = bit(ProviderKind::bedrock);
/// Whose rate limits are told, in their documents, to be of each model.
constexpr Providers limits_by_model = anthropic_itself | openai_itself | azure | google | bedrock;

constexpr Milliseconds rest_of_guess = 30s;
constexpr Milliseconds rest_of_guess_max = 10min;

// --- what failures mean

constexpr Meaning clients_fault{.clients_fault = true};
constexpr Meaning unreachable{.again = Again::if_alone,
                              .other = true,
                              .scope = Scope::account,
                              .rule = RestRule::unreachable,
                              .rest = rest_of_guess,
                              .rest_max = rest_of_guess_max,
                              .streak = 3,
                              .counts = true};
/// Three in a row, or the circuit.
constexpr Meaning server_fault{.again = Again::if_alone,
                               .other = true,
                               .scope = Scope::account,
                               .rule = RestRule::server_error,
                               .rest = rest_of_guess,
                               .rest_max = rest_of_guess_max,
                               .streak = 3,
                               .counts = true};
constexpr Meaning overloaded{.again = Again::if_alone,
                             .other = true,
                             .scope = Scope::model,
                             .rule = RestRule::overloaded,
                             .rest = rest_of_guess,
                             .rest_max = rest_of_guess_max};
/// A hint wins; the rest is for where there is none.
constexpr Meaning limited_model{
    .other = true, .scope = Scope::model, .rule = RestRule::rate_limited, .rest = 60s};
constexpr Meaning limited_account{
    .other = true, .scope = Scope::account, .rule = RestRule::rate_limited, .rest = 60s};
/// Spend limits last until a month ends; looked at every hour, as an operator may raise them at any time.
constexpr Meaning no_credit{
    .other = true, .scope = Scope::account, .rule = RestRule::quota, .rest = 1h, .alert = true};
constexpr Meaning forbidden{.other = true,
                            .scope = Scope::account,
                            .rule = RestRule::forbidden,
                            .rest = 10min,
                            .alert = true};
/// A clock that is wrong, once in a while; a secret that is wrong, always.
constexpr Meaning bad_signature{.again = Again::if_alone,
                                .other = true,
                                .scope = Scope::account,
                                .rule = RestRule::forbidden,
                                .rest = 10min,
                                .streak = 3,
                                .alert = true};
constexpr Meaning blocked{.other = true,
                          .scope = Scope::account,
                          .rule = RestRule::forbidden,
                          .for_good = true,
                          .alert = true};
/// Of a token that can be had anew `judge` makes this a single attempt more.
constexpr Meaning unauthorized{.other = true,
                               .scope = Scope::account,
                               .rule = RestRule::unauthorized,
                               .for_good = true,
                               .alert = true};
constexpr Meaning model_missing{.other = true,
                                .scope = Scope::model,
                                .rule = RestRule::model_missing,
                                .rest = 1h,
                                .alert = true};
/// Nobody is to blame, the next try may do; nothing rests.
constexpr Meaning once_more{.again = Again::if_alone};
constexpr Meaning once_more_or_other{.again = Again::if_alone, .other = true};
/// The same body fails on every account; without signatures in it, it is the client's own fault.
constexpr Meaning signed_elsewhere{.again = Again::after_repair, .clients_fault = true};

constexpr Meaning with_rest(Meaning meaning, Milliseconds rest, Milliseconds rest_max = 0ms) {
  meaning.rest = rest;
  meaning.rest_max = rest_max;
  return meaning;
}
constexpr Meaning without_same(Meaning meaning) {
  meaning.again = Again::never;
  return meaning;
}

/// Where a row looks, and for what.
struct Words {
  Where where = Where::any;
  std::string_view words = {};
};
constexpr Words anything{};
constexpr Words upstream{Where::upstream};
constexpr Words named(std::string_view words) { return {Where::name, words}; }
constexpr Words told(std::string_view words) { return {Where::message, words}; }
constexpr Words either(std::string_view words) { return {Where::both, words}; }
constexpr Words reason(std::string_view words) { return {Where::reason, words}; }
constexpr Words quota(std::string_view words) { return {Where::quota, words}; }
constexpr Words field(std::string_view words) { return {Where::field, words}; }

constexpr FailureRow row(std::string_view name, Providers providers, int status_from, int status_to,
                         const Words& words, const Meaning& meaning) {
  return {.name = name,
          .providers = providers,
          .status_from = status_from,
          .status_to = status_to,
          .where = words.where,
          .words = words.words,
          .meaning = meaning};
}
constexpr FailureRow no_answer(std::string_view name, Errc code, const Meaning& meaning) {
  return {.name = name, .code = code, .meaning = meaning};
}

// --- the table
//
// Source: the notes on retry per provider, and the table "Failing" of the design. Where the two differ the design counts:
// a plain 429 rests 60 s (not 20 s or 5 s), a plain 403 10 min (not 1 h), a 404 or 422 and a 400 that doesn't speak of
// the account are the client's own, and go to no other account. A failed tool call of Groq (400 tool_use_failed) may be
// asked again or not: it isn't, the client decides.
// clang-format off
constexpr std::array table = {
    // No answer. A connection that was reused and reset before any byte is dialled anew before this is asked.
    no_answer("unreachable", Errc::upstream_unreachable, unreachable),
    // As 504, but the same account is not waited for once more.
    no_answer("timeout", Errc::upstream_timeout, without_same(server_fault)),
    no_answer("invalid", Errc::upstream_invalid, server_fault),
    // Ours: no account's fault. The caller knows whether it is worth going on.
    FailureRow{.name = "no_answer_of_ours", .meaning = {.other = true}},

    // Anthropic. Codes before texts; texts where there is no code.
    row("anthropic_credit_too_low", anthropic, 400, 403, told("credit balance is too low"), no_credit),
    row("anthropic_spend_limit_code", anthropic, 400, 429,
        named("contract_spend_limit_reached|enforced_spend_limit_reached|spend_limit_reached"),
        no_credit),
    // "You have reached your specified API usage limits. You will regain access on ...".
    row("anthropic_spend_limit", anthropic, 400, 429, told("specified api usage limits|spend limit"),
        no_credit),
    row("thinking_signature", anthropic | google | bedrock, 400, 400,
        told("invalid `signature`|bound to a different|blocks in the latest assistant message cannot be modified"),
        signed_elsewhere),
    row("anthropic_on_hold", anthropic, 400, 403,
        either("organization_on_hold|organization has been disabled|account has been disabled"),
        blocked),
    // The windows of a subscription are of the whole account: 5 h and 7 d, told by reset fields.
    row("anthropic_unified_rejected", anthropic, 429, 429, field("anthropic-ratelimit-unified-status: rejected"),
        with_rest(limited_account, 5min)),
    // How fast an organization may grow, whatever the model.
    row("anthropic_ramp_limit", anthropic, 429, 429, named("ramp_limit_exceeded"), limited_account),
    // A thread that is busy comes free; other conflicts are the client's.
    row("anthropic_thread_in_flight", anthropic, 409, 409, named("thread_continue_in_flight"), once_more),
    row("anthropic_thread", anthropic, 409, 409, named("thread_*"), clients_fault),

    // OpenAI, Azure and those that speak like it.
    // A provider's rule, never worked around: the account is out until someone looks. Others have regions of their own.
    row("openai_region", openai_like, 403, 403, named("unsupported_country_region_territory"), blocked),
    row("openai_model_forbidden", openai_like, 403, 403, either("model_not_found|does not have access to model"),
        model_missing),
    row("openai_quota", openai_like, 403, 429,
        either("insufficient_quota|billing_hard_limit_reached|billing_not_active|exceeded your current quota"),
        no_credit),
    row("azure_deployment_missing", azure, 404, 404, named("deploymentnotfound"), model_missing),
    row("azure_dependency_failed", azure, 424, 424, anything, server_fault),
    // The pool of a provider behind the router, not the key.
    row("openrouter_upstream", router, 429, 429, upstream, with_rest(overloaded, 5s, 1min)),
    row("openrouter_upstream_down", router, 502, 503, upstream, with_rest(overloaded, 5s, 1min)),
    row("openai_slow_down", openai_like, 429, 429, either("slow_down|slow down|overloaded"), overloaded),
    // Documented as "engine overloaded" and "slow down" alone.
    row("openai_503", openai_itself, 503, 503, either("service_unavailable|service_unavailable_error|overloaded|slow down"),
        overloaded),

    // Gemini and Vertex.
    row("google_bad_key", google, 400, 403, reason("api_key_invalid|api_key_expired"), unauthorized),
    row("google_bad_key_text", google, 400, 400, told("api key not valid|api key expired"), unauthorized),
    row("google_thought_signature", google, 400, 400, told("thought signature|thought_signature"),
        signed_elsewhere),
    row("google_location", google, 400, 403, told("location is not supported"), blocked),
    row("google_precondition", google, 400, 400, named("failed_precondition"), no_credit),
    row("google_billing_disabled", google, 403, 403, reason("billing_disabled"), no_credit),
    row("google_service_disabled", google, 403, 403,
        reason("service_disabled|consumer_suspended|api_key_service_blocked"),
        blocked),
    row("google_leaked_key", google, 403, 403, told("reported as leaked"), blocked),
    // Until midnight in California, see `told_wait`; the retry delay beside it is of the minute.
    row("google_quota_of_day", google, 429, 429, quota("perday"), limited_model),
    row("google_quota", google, 429, 429, quota("per"), limited_model),
    row("google_quota_text", google, 429, 429, told("quota exceeded|exceeded your current quota"),
        limited_model),
    // No quota of ours is named: the capacity that all share. Passing, and so tried again soon.
    row("vertex_shared_quota", vertex, 429, 429, anything, with_rest(overloaded, 10s, 10min)),
    row("google_unavailable", google, 503, 503, either("unavailable|overloaded"), overloaded),

    // Bedrock, by the class of the exception.
    row("bedrock_service_quota", bedrock, 400, 400, named("servicequotaexceededexception"),
        with_rest(no_credit, 5min)),
    row("bedrock_expired_token", bedrock, 400, 403, named("expiredtokenexception|expiredtoken"), unauthorized),
    row("bedrock_bad_key", bedrock, 400, 403,
        named("unrecognizedclientexception|invalidclienttokenid|missingauthenticationtokenexception|"
              "incompletesignatureexception"),
        unauthorized),
    row("bedrock_signature", bedrock, 400, 403,
        named("invalidsignatureexception|requestexpired|requestexpiredexception|signaturedoesnotmatch"),
        bad_signature),
    row("bedrock_access_denied", bedrock, 403, 403, named("accessdeniedexception"), model_missing),
    row("bedrock_model_error", bedrock, 424, 424, anything, once_more_or_other),
    row("bedrock_model_not_ready", bedrock, 429, 429, named("modelnotreadyexception"), once_more_or_other),
    row("bedrock_unavailable", bedrock, 503, 503, named("serviceunavailableexception"), overloaded),

    // Whoever it is.
    row("overloaded_type", any_provider, 429, 599, named("overloaded_error|server_overloaded|engine_overloaded"),
        overloaded),
    row("overloaded_529", any_provider, 529, 529, anything, overloaded),
    row("overloaded_503", any_provider, 503, 503, told("overloaded"), overloaded),
    row("unauthorized", any_provider, 401, 401, anything, unauthorized),
    row("payment_required", any_provider, 402, 402, anything, no_credit),
    row("forbidden", any_provider, 403, 403, anything, forbidden),
    row("request_timeout", any_provider, 408, 408, anything, server_fault),
    // Two of a client's own requests in each other's way, say: SDKs ask again.
    row("conflict", any_provider, 409, 409, named("conflict_error|lock_timeout|conflict|aborted"), once_more),
    row("rate_limited_model", limits_by_model, 429, 429, anything, limited_model),
    row("rate_limited", any_provider, 429, 429, anything, limited_account),
    row("clients_fault", any_provider, 400, 499, anything, clients_fault),
    row("server_error", any_provider, 500, 599, anything, server_fault),
    // A redirect, say: no answer of the API that we know.
    row("not_an_answer", any_provider, 1, 999, anything, server_fault),
    FailureRow{.name = "anything", .status_from = -1'000'000, .status_to = 1'000'000, .meaning = server_fault},
};
// clang-format on

// --- how a row is found

/// Calls `fits(word)` for each alternative, until one does.
template <class Fits>
bool any_word(std::string_view words, Fits fits) {
  while (!words.empty()) {
    const auto bar = words.find('|');
    if (fits(words.substr(0, bar))) return true;
    if (bar == std::string_view::npos) break;
    words.remove_prefix(bar + 1);
  }
  return false;
}

bool holds(std::string_view text, std::string_view word) {
  return std::search(text.begin(), text.end(), word.begin(), word.end(),
                     [](char a, char b) { return ascii::lower(a) == b; }) != text.end();
}

/// "thread_*" stands for all that begin so.
bool is(std::string_view name, std::string_view word) {
  if (word.ends_with('*')) return ascii::istarts_with(name, word.substr(0, word.size() - 1));
  return ascii::iequal(name, word);
}

bool has_field(const wire::ResponseHead* head, std::string_view line) {
  if (head == nullptr) return false;
  const auto colon = line.find(": ");
  return ascii::iequal(head->value(line.substr(0, colon)), line.substr(colon + 2));
}

bool words_fit(const FailureRow& row, const Failure& failure, const ErrorFacts& facts) {
  const auto is_named = [&] {
    return any_word(row.words, [&](std::string_view word) {
      return is(facts.code, word) || is(facts.type, word);
    });
  };
  const auto is_told = [&] {
    return any_word(row.words, [&](std::string_view word) { return holds(facts.message, word); });
  };
  switch (row.where) {
    case Where::any: return true;
    case Where::name: return is_named();
    case Where::message: return is_told();
    case Where::both: return is_named() || is_told();
    case Where::reason:
      return any_word(row.words,
                      [&](std::string_view word) { return ascii::iequal(facts.reason, word); });
    case Where::quota:
      return any_word(row.words,
                      [&](std::string_view word) { return holds(facts.quota_id, word); });
    case Where::field: return has_field(failure.head, row.words);
    case Where::upstream: return facts.from_upstream;
  }
  return false;
}

bool fits(const FailureRow& row, const Failure& failure, const ErrorFacts& facts) {
  if ((row.providers & bit(failure.provider)) == 0) return false;
  if (failure.status < row.status_from || failure.status > row.status_to) return false;
  if (failure.status == 0 && row.code != Errc::internal && row.code != failure.code) return false;
  return words_fit(row, failure, facts);
}

}  // namespace

std::span<const FailureRow> failure_table() { return table; }

const FailureRow& find_row(const Failure& failure, const ErrorFacts& facts) {
  const auto* row = std::find_if(table.begin(), table.end(), [&](const FailureRow& each) {
    return fits(each, failure, facts);
  });
  return row == table.end() ? table.back() : *row;
}

}  // namespace sluice::routing
