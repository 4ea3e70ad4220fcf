#include "admin/api_answers.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace sluice::admin {
namespace {

namespace json = boost::json;

/// Those whose words may name paths, hosts and the like.
std::string_view general_words(Errc code) {
  switch (code) {
    case Errc::store_unavailable: return "the store can't be reached or is busy; try again soon";
    case Errc::internal:
    case Errc::io:
    case Errc::invalid_config:
      return "something went wrong here; the log tells what, under this request's id";
    default: return {};
  }
}

}  // namespace

std::string security_fields(std::string_view content_policy, bool tls) {
  std::string fields =
      "cache-control: no-store\r\n"
      "x-content-type-options: nosniff\r\n"
      "referrer-policy: no-referrer\r\n"
      "cross-origin-resource-policy: same-origin\r\n"
      "cross-origin-opener-policy: same-origin\r\n"
      "x-frame-options: DENY\r\n"
      "content-security-policy: ";
  (fields += content_policy) += "\r\n";
  if (tls) fields += "strict-transport-security: max-age=31536000\r\n";
  return fields;
}

std::string refusal_body(const Refusal& refusal) {
  const std::string_view general = general_words(refusal.code);
  json::object error{{"code", to_string(refusal.code)},
                     {"message", general.empty() ? std::string_view(refusal.message) : general}};
  error["field"] = refusal.field.empty() ? json::value() : json::value(refusal.field);
  return json::serialize(json::object{{"error", std::move(error)}});
}

ApiResponse refusal_response(const Refusal& refusal, bool tls) {
  ApiResponse response;
  response.status = http_status(refusal.code);
  if (response.status == 0) response.status = http_status(Errc::internal);
  response.body = refusal_body(refusal);
  response.fields = security_fields(data_policy, tls);
  ((response.fields += "x-sluice-error: ") += to_string(refusal.code)) += "\r\n";
  if (refusal.retry_after.count() > 0) {
    response.fields += "retry-after: " + std::to_string(refusal.retry_after.count()) + "\r\n";
  }
  if (response.status == 401) response.fields += "www-authenticate: Bearer realm=\"sluice\"\r\n";
  return response;
}

}  // namespace sluice::admin
