#pragma once
/// What can go wrong, as a value. One type for the whole house; exceptions are for bugs and dead resources only.

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace sluice {

/// What went wrong. The name is the `x-sluice-error` of an answer and the label of a metric, see `to_string`.
enum class Errc : std::uint8_t {
  // Of the key.
  invalid_key,
  key_disabled,
  key_expired,
  not_allowed,
  rate_limited,
  concurrency_limited,
  budget_exhausted,
  // Of the request.
  invalid_request,
  unknown_route,
  method_not_allowed,
  body_too_large,
  header_too_large,
  request_timeout,
  expectation_failed,
  unsupported_translation,
  // Of the provider.
  no_account,
  upstream_unreachable,
  upstream_invalid,
  upstream_timeout,
  // Of ourselves.
  overloaded,
  internal,
  // Nobody is told of these: the connection they concern is gone.
  client_gone,
  cancelled,
  // Of the admin side: what is managed, and who manages it.
  not_found,
  already_exists,
  version_conflict,  // somebody was faster
  version_missing,   // a write must say which version it changes
  not_signed_in,
  store_unavailable,  // the database can't be reached or is busy past the deadline
  // At start and on the command line.
  invalid_config,
  io,
};

/// Whose doing it was: decides who is told, and the status class.
enum class Side : std::uint8_t { client, provider, gateway };

/// What a retry could achieve. Decided where the error is born, obeyed in `relay/`.
enum class Retry : std::uint8_t { never, same_account, other_account };

struct Error {
  Errc code = Errc::internal;
  Side side = Side::gateway;
  Retry retry = Retry::never;
  /// For the log, and for the client where `side` is client: never a credential, never a body.
  std::string context = {};
  /// When it is worth to come again; 0: nobody can say.
  std::chrono::milliseconds retry_after{0};
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

[[nodiscard]] inline std::unexpected<Error> fail(Errc code, Side side, std::string context,
                                                 Retry retry = Retry::never) {
  return std::unexpected(Error{code, side, retry, std::move(context), {}});
}

/// "invalid_key", "upstream_timeout", ...: stable names, part of the public interface.
[[nodiscard]] std::string_view to_string(Errc code);

/// The HTTP status that sluice itself answers with, 0 for codes that nobody is told of.
[[nodiscard]] int http_status(Errc code);

}  // namespace sluice

#define SLUICE_CONCAT_(a, b) a##b
#define SLUICE_CONCAT(a, b) SLUICE_CONCAT_(a, b)
#define SLUICE_TRY_(ret, tmp, decl, ...)      \
  auto tmp = (__VA_ARGS__);                   \
  if (!tmp) ret std::unexpected(tmp.error()); \
  decl = *std::move(tmp)

/// TRY(auto value, expression): binds the value, or returns the error to our caller as it is.
#define TRY(decl, ...) SLUICE_TRY_(return, SLUICE_CONCAT(try_, __LINE__), decl, __VA_ARGS__)
#define CO_TRY(decl, ...) SLUICE_TRY_(co_return, SLUICE_CONCAT(try_, __LINE__), decl, __VA_ARGS__)
/// CHECK(expression): the same for a Status.
#define CHECK_OK(...)                                       \
  if (auto checked_status = (__VA_ARGS__); !checked_status) \
  return std::unexpected(std::move(checked_status.error()))
#define CO_CHECK(...)                                       \
  if (auto checked_status = (__VA_ARGS__); !checked_status) \
  co_return std::unexpected(std::move(checked_status.error()))
