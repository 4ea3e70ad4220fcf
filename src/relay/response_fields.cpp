#include "relay/response_fields.hpp"

#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "base/release.hpp"

namespace sluice::relay {
namespace {

constexpr std::array<std::string_view, 19> kept_back = {"connection",
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
                                                        "x-frame-options"};
constexpr std::array<std::string_view, 4> of_the_bytes = {"content-encoding", "content-type",
                                                          "etag", "content-md5"};

template <std::size_t n>
bool is_one_of(const std::array<std::string_view, n>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view other) { return ascii::iequal(other, name); });
}

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
    if (is_one_of(kept_back, name) || ascii::istarts_with(name, "access-control-")) continue;
    if (body == Body::rewritten && is_one_of(of_the_bytes, name)) continue;
    if (!connection.empty()) {
      bool named = false;
      ascii::for_each_element(connection, [&](std::string_view element) {
        named = named || ascii::iequal(element, name);
      });
      if (named) continue;
    }
    lines += ascii::iequal(name, "x-request-id") ? std::string_view("x-upstream-request-id") : name;
    ((lines += ": ") += value) += "\r\n";
  }
  return lines;
}

}  // namespace sluice::relay
