#include "base/error.hpp"

namespace sluice {

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::invalid_key: return "invalid_key";
    case Errc::key_disabled: return "key_disabled";
    case Errc::key_expired: return "key_expired";
    case Errc::not_allowed: return "not_allowed";
    case Errc::rate_limited: return "rate_limited";
    case Errc::concurrency_limited: return "concurrency_limited";
    case Errc::budget_exhausted: return "budget_exhausted";
    case Errc::invalid_request: return "invalid_request";
    case Errc::unknown_route: return "unknown_route";
    case Errc::method_not_allowed: return "method_not_allowed";
    case Errc::body_too_large: return "body_too_large";
    case Errc::header_too_large: return "header_too_large";
    case Errc::request_timeout: return "request_timeout";
    case Errc::expectation_failed: return "expectation_failed";
    case Errc::unsupported_translation: return "unsupported_translation";
    case Errc::no_account: return "no_account";
    case Errc::upstream_unreachable: return "upstream_unreachable";
    case Errc::upstream_invalid: return "upstream_invalid";
    case Errc::upstream_timeout: return "upstream_timeout";
    case Errc::overloaded: return "overloaded";
    case Errc::internal: return "internal";
    case Errc::client_gone: return "client_gone";
    case Errc::cancelled: return "cancelled";
    case Errc::not_found: return "not_found";
    case Errc::already_exists: return "already_exists";
    case Errc::version_conflict: return "version_conflict";
    case Errc::version_missing: return "version_missing";
    case Errc::not_signed_in: return "not_signed_in";
    case Errc::store_unavailable: return "store_unavailable";
    case Errc::invalid_config: return "invalid_config";
    case Errc::io: return "io";
  }
  return "internal";
}

int http_status(Errc code) {
  switch (code) {
    case Errc::invalid_key:
    case Errc::key_disabled:
    case Errc::key_expired:
    case Errc::not_signed_in: return 401;
    case Errc::not_allowed: return 403;
    case Errc::rate_limited:
    case Errc::concurrency_limited:
    case Errc::budget_exhausted: return 429;
    case Errc::invalid_request:
    case Errc::unsupported_translation: return 400;
    case Errc::unknown_route:
    case Errc::not_found: return 404;
    case Errc::method_not_allowed: return 405;
    case Errc::request_timeout: return 408;
    case Errc::already_exists: return 409;
    case Errc::version_conflict: return 412;
    case Errc::version_missing: return 428;
    case Errc::body_too_large: return 413;
    case Errc::expectation_failed: return 417;
    case Errc::header_too_large: return 431;
    case Errc::no_account:
    case Errc::overloaded:
    case Errc::store_unavailable: return 503;
    case Errc::upstream_unreachable:
    case Errc::upstream_invalid: return 502;
    case Errc::upstream_timeout: return 504;
    case Errc::internal:
    case Errc::io:
    case Errc::invalid_config: return 500;
    case Errc::client_gone:
    case Errc::cancelled: return 0;
  }
  return 500;
}

}  // namespace sluice
