#include "relay/response_fields.hpp"

#include "base/append.hpp"
#include "base/ascii.hpp"
#include "base/release.hpp"
#include "wire/field_names.hpp"

namespace sluice::relay {
namespace {

constexpr wire::FieldNames kept_back({
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
    "set-cookie",
    "set-cookie2",
    "strict-transport-security",
    "content-security-policy",
    "content-security-policy-report-only",
    "clear-site-data",
    "alt-svc",
    "public-key-pins",
    "x-sluice-error",
    "x-frame-options",
});
constexpr wire::FieldNames of_the_bytes({
    "content-encoding",
    "content-type",
    "etag",
    "content-md5",
});

}  // namespace

std::string client_fields(const wire::ResponseHead& head, Body body) {
  std::string lines;
  reserve_spare(lines, 512);
  // Several Connection fields are one list (RFC 9110, 5.3).
  std::string connection;
  for (const auto& [name, value] : head.headers) {
    if (ascii::iequal(name, "connection")) (connection += value) += ',';
  }
  for (const auto& [name, value] : head.headers) {
    if (kept_back.contains(name) || ascii::istarts_with(name, "access-control-")) continue;
    if (body == Body::rewritten && of_the_bytes.contains(name)) continue;
    if (!connection.empty()) {
      bool named = false;
      ascii::for_each_element(connection, [&](std::string_view element) {
        named = named || ascii::iequal(element, name);
      });
      if (named) continue;
    }
    const bool is_id = ascii::iequal(name, "x-request-id");
    append(lines, is_id ? "x-upstream-request-id" : name, ": ", value, "\r\n");
  }
  return lines;
}

}  // namespace sluice::relay
