#pragma once
/// A refresh token becomes an access token (RFC 6749, 6): the request, what its answer means, and when to ask. No I/O; the
/// loop that does it is `app/token_keeper.hpp`.

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "net/origin.hpp"
#include "provider/account_settings.hpp"

namespace sluice::provider {

using std::chrono::seconds;

/// Bodies past this are not read.
inline constexpr std::size_t token_answer_bytes_max = 64 * 1024;
/// Of each token in an answer: it has to fit into a request head.
inline constexpr std::size_t token_bytes_max = 16 * 1024;

/// Where a token endpoint is. Unlike a base URL it may have a query (RFC 6749, 3.2), and the slash at its end counts.
struct TokenEndpoint {
  net::Origin origin;
  std::string path_and_query;  // "/oauth/token"
};
/// Errors  invalid_config, saying what to write instead. Whether one may go there, `permit_upstream` tells.
[[nodiscard]] Result<TokenEndpoint> parse_token_url(std::string_view url);

/// The whole request. It holds the refresh token.
struct RefreshRequest {
  Secret head;
  Secret body;
};
[[nodiscard]] RefreshRequest refresh_request(const TokenEndpoint& endpoint,
                                             const OAuth2Credential& credential);

/// What we got.
struct FreshAccess {
  Secret access_token;
  std::optional<seconds> lifetime;  // as of the answer; nullopt: the server doesn't say
  Secret refresh_token;             // replaces the one we used; empty: that one stays good
  std::string scope;                // as granted; empty: as asked for
};

/// Why we got nothing.
struct RefreshFailure {
  enum class Kind : std::uint8_t {
    refused,    // for good: only a person can help
    try_again,  // later: the server is ill, busy, or talks nonsense
  };
  Kind kind = Kind::try_again;
  std::string code;                    // "invalid_grant", ...; empty when the server gave none
  std::string reason;                  // for people; holds no credential
  std::optional<seconds> retry_after;  // what the server asked for
  Secret
      refresh_token;  // came with an answer that is no good otherwise; the one we used may be spent

  [[nodiscard]] bool bad_grant() const { return code == "invalid_grant"; }
};

/// An answer of the endpoint, redirects not followed.
struct TokenAnswer {
  int status = 0;
  std::string_view retry_after;  // the field; empty without one
  std::string_view body;
  WallTime received;
};
/// `asked_with`: its secrets are masked in the reason.
[[nodiscard]] std::expected<FreshAccess, RefreshFailure> read_token_answer(
    const TokenAnswer& answer, const OAuth2Credential& asked_with);

/// A `Retry-After` field: seconds, or an HTTP date (RFC 9110, 10.2.3). At most `retry_after_max`.
inline constexpr seconds retry_after_max = std::chrono::hours(1);
[[nodiscard]] std::optional<seconds> parse_retry_after(std::string_view field, WallTime now);

/// Of an access token whose server doesn't tell.
inline constexpr seconds lifetime_assumed = std::chrono::hours(1);

/// Ahead of the end by a fifth of the lifetime, within 1 to 10 minutes, and never more than half of it; and up to a tenth
/// of that earlier, so that many accounts and processes don't ask in the same second.
[[nodiscard]] WallTime when_to_refresh(WallTime expires, seconds lifetime, Random& random);

/// Before try `failures` + 1: anything from 1 s up to a bound that doubles from 2 s to 5 min; what the server asked for
/// if that is longer.
[[nodiscard]] Milliseconds refresh_delay(int failures, std::optional<seconds> retry_after,
                                         Random& random);

}  // namespace sluice::provider
