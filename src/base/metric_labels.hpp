#pragma once
/// The label values of our metrics, where they are a closed set. Part of the public interface: a
/// dashboard knows these words.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::metrics {

/// What the client speaks; `none` where it didn't come so far.
enum class Dialect : std::uint8_t {
  none,
  anthropic,
  openai_chat,
  openai_responses,
  gemini,
  bedrock
};
/// Who was to answer; `none` where no account was chosen.
enum class ProviderKind : std::uint8_t {
  none,
  anthropic,
  openai,
  azure_openai,
  gemini,
  vertex,
  bedrock,
  openai_compatible,
  anthropic_compatible
};
/// How a client's request ended.
enum class Outcome : std::uint8_t {
  ok,
  refused,         // by us: key, limits, a bad request
  client_closed,   // it left before the end
  upstream_error,  // the provider's own refusal, passed on
  upstream_cut,    // the answer broke off
  timeout,
  internal
};
/// How one call of a provider ended; a request makes one or more.
enum class AttemptResult : std::uint8_t {
  ok,
  connect_failed,
  timeout,
  http_4xx,  // but 429
  http_429,
  http_5xx,
  invalid,  // not HTTP, or a broken body
  cut,
  cancelled
};
enum class Direction : std::uint8_t { to_client, to_provider };
/// The counts are disjoint, but for `reasoning`, which is a part of `output`.
enum class TokenKind : std::uint8_t {
  input,
  cache_read,
  cache_write_5m,
  cache_write_1h,
  output,
  reasoning
};
/// Which limit refused a request.
enum class Limit : std::uint8_t {
  concurrency,
  requests,
  input_tokens,
  output_tokens,
  total_tokens,
  budget
};
enum class AccountState : std::uint8_t { ready, cooling, unauthorized, blocked, disabled };

/// The words, in the order of the enumerators.
template <class E>
inline constexpr std::array<std::string_view, 0> names = {};
template <>
inline constexpr std::array<std::string_view, 6> names<Dialect> = {
    "none", "anthropic", "openai_chat", "openai_responses", "gemini", "bedrock"};
template <>
inline constexpr std::array<std::string_view, 9> names<ProviderKind> = {"none",
                                                                        "anthropic",
                                                                        "openai",
                                                                        "azure_openai",
                                                                        "gemini",
                                                                        "vertex",
                                                                        "bedrock",
                                                                        "openai_compatible",
                                                                        "anthropic_compatible"};
template <>
inline constexpr std::array<std::string_view, 7> names<Outcome> = {
    "ok", "refused", "client_closed", "upstream_error", "upstream_cut", "timeout", "internal"};
template <>
inline constexpr std::array<std::string_view, 9> names<AttemptResult> = {
    "ok",       "connect_failed", "timeout", "http_4xx", "http_429",
    "http_5xx", "invalid",        "cut",     "cancelled"};
template <>
inline constexpr std::array<std::string_view, 2> names<Direction> = {"to_client", "to_provider"};
template <>
inline constexpr std::array<std::string_view, 6> names<TokenKind> = {
    "input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning"};
template <>
inline constexpr std::array<std::string_view, 6> names<Limit> = {
    "concurrency", "requests", "input_tokens", "output_tokens", "total_tokens", "budget"};
template <>
inline constexpr std::array<std::string_view, 5> names<AccountState> = {
    "ready", "cooling", "unauthorized", "blocked", "disabled"};

template <class E>
inline constexpr std::size_t count_of = names<E>.size();

template <class E>
  requires(count_of<E> > 0)
[[nodiscard]] constexpr std::string_view to_string(E value) {
  return names<E>[static_cast<std::size_t>(value)];
}

}  // namespace sluice::metrics
