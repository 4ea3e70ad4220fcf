#include "provider/upstream.hpp"

#include "base/ascii.hpp"
#include "wire/field_names.hpp"
#include "wire/head_writer.hpp"

namespace sluice::provider {
namespace {

constexpr std::string_view default_anthropic_version = "2023-06-01";

/// Fields of the client's that end here.
constexpr wire::FieldNames kept_back({
    // hop by hop (RFC 9110, 7.6.1), and framing, which we write ourselves
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "proxy-authenticate",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
    "expect",
    "content-length",
    "host",
    // the client's credentials
    "authorization",
    "x-api-key",
    "api-key",
    "x-goog-api-key",
    "cookie",
    // the client's network and browser
    "forwarded",
    "x-real-ip",
    "via",
    "origin",
    "referer",
    "anthropic-dangerous-direct-browser-access",
    // would bill or act for somebody else than the account is meant for
    "anthropic-workspace-id",
    "anthropic-user-profile-id",
    // ours alone
    "x-session-id",
});

bool passes(std::string_view name) {
  if (ascii::istarts_with(name, "x-forwarded-") || ascii::istarts_with(name, "sec-") ||
      ascii::istarts_with(name, "access-control-")) {
    return false;
  }
  return !kept_back.contains(name);
}

bool named_by_connection(std::string_view connection, std::string_view name) {
  bool found = false;
  if (!connection.empty()) {
    ascii::for_each_element(connection, [&](std::string_view element) {
      found = found || ascii::iequal(element, name);
    });
  }
  return found;
}

}  // namespace

std::string anthropic_request_head(const Upstream& upstream, const OutgoingRequest& request) {
  wire::HeadWriter head(1024);
  head.request_line(request.method, upstream.base_path, request.path, request.query);
  head.field("host", upstream.origin.authority());
  bool has_encoding = false;
  bool has_version = false;
  // Several Connection fields are one list (RFC 9110, 5.3).
  std::string connection;
  for (const auto& field : request.head.headers) {
    if (ascii::iequal(field.name, "connection")) (connection += field.value) += ',';
  }
  for (const auto& field : request.head.headers) {
    if (!passes(field.name) || named_by_connection(connection, field.name)) continue;
    if (ascii::iequal(field.name, "accept-encoding")) {
      if (request.uncompressed) continue;
      has_encoding = true;
    }
    has_version = has_version || ascii::iequal(field.name, "anthropic-version");
    head.field(field.name, field.value);
  }
  if (!has_encoding) head.field("accept-encoding", "identity");
  if (!has_version) head.field("anthropic-version", default_anthropic_version);
  if (upstream.sign_in == SignIn::x_api_key) {
    head.field("x-api-key", upstream.credential.reveal());
  } else if (upstream.sign_in == SignIn::bearer) {
    std::string bearer = "Bearer ";
    bearer += upstream.credential.reveal();
    head.field("authorization", bearer);
  }
  if (request.body_bytes) head.field("content-length", *request.body_bytes);
  head.end();
  return head.take();
}

bool mask_credential(const Upstream& upstream, std::string& text) {
  const std::string_view secret = upstream.credential.reveal();
  constexpr std::size_t secret_bytes_min = 8;  // shorter ones would mask ordinary words
  if (secret.size() < secret_bytes_min) return false;
  bool masked = false;
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
    text.replace(at, secret.size(), "***");
    masked = true;
  }
  return masked;
}

}  // namespace sluice::provider
