#include "admin/api_credentials.hpp"

#include <algorithm>
#include <charconv>

#include "admin/api_call.hpp"
#include "base/ascii.hpp"

namespace sluice::admin {
namespace {

constexpr std::string_view bearer_scheme = "bearer ";

/// The value of a cookie; nullopt when it stands twice.
std::optional<std::string> cookie_of(const ApiRequest& request, std::string_view wanted) {
  std::string found;
  for (const auto& [name, value] : request.headers) {
    if (!ascii::iequal(name, "cookie")) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const auto end = rest.find(';');
      const std::string_view pair = ascii::trim(rest.substr(0, end));
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      const auto equals = pair.find('=');
      if (equals == std::string_view::npos || pair.substr(0, equals) != wanted) continue;
      const std::string_view token = pair.substr(equals + 1);
      if (token.empty()) continue;
      if (!found.empty() && found != token) return std::nullopt;
      found = token;
    }
  }
  return found;
}

bool decode(std::string_view raw, std::string& out) {
  for (std::size_t i = 0; i < raw.size(); ++i) {
    char c = raw[i];
    if (c == '+') c = ' ';
    if (c == '%') {
      unsigned value = 0;
      if (i + 2 >= raw.size()) return false;
      const auto [end, error] = std::from_chars(&raw[i + 1], &raw[i + 1] + 2, value, 16);
      if (error != std::errc() || end != &raw[i + 1] + 2 || value == 0) return false;
      c = static_cast<char>(value);
      i += 2;
    }
    out += c;
  }
  return true;
}

}  // namespace

std::string_view header_of(const ApiRequest& request, std::string_view name) {
  std::string_view found;
  for (const auto& [known, value] : request.headers) {
    if (!ascii::iequal(known, name)) continue;
    if (!found.empty()) return {};
    found = value;
  }
  return found;
}

Outcome<ApiCredential> credential_of(const ApiRequest& request) {
  ApiCredential credential;
  const auto cookie = cookie_of(request, session_cookie_name(request.tls));
  if (!cookie) return refuse(Errc::invalid_request, "two different session cookies");
  credential.cookie = *cookie;
  bool seen = false;
  for (const auto& [name, value] : request.headers) {
    if (!ascii::iequal(name, "authorization")) continue;
    if (seen) return refuse(Errc::invalid_request, "two Authorization fields");
    seen = true;
    if (!ascii::istarts_with(value, bearer_scheme)) {
      return refuse(Errc::not_signed_in, "Authorization must be \"Bearer TOKEN\"");
    }
    credential.bearer = ascii::trim(std::string_view(value).substr(bearer_scheme.size()));
  }
  if (!credential.bearer.empty() && !credential.cookie.empty()) {
    return refuse(Errc::invalid_request, "both a session cookie and a token: send one of them");
  }
  return credential;
}

bool from_another_site(const ApiRequest& request) {
  const std::string_view site = header_of(request, "sec-fetch-site");
  if (!site.empty()) return site != "same-origin" && site != "none";
  const std::string_view origin = header_of(request, "origin");
  if (origin.empty()) return false;
  const auto scheme_end = origin.find("://");
  if (scheme_end == std::string_view::npos) return true;  // "null" among others
  return !ascii::iequal(origin.substr(scheme_end + 3), header_of(request, "host"));
}

Outcome<std::int64_t> version_of(const ApiRequest& request) {
  const std::string_view text = ascii::trim(header_of(request, "if-match"));
  if (text.empty()) {
    return refuse(Errc::version_missing,
                  "say which version this changes: If-Match: \"VERSION\", as ETag gave it");
  }
  std::int64_t version = 0;
  if (text.size() > 2 && text.front() == '"' && text.back() == '"') {
    const std::string_view digits = text.substr(1, text.size() - 2);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), version);
    if (error == std::errc() && end == digits.data() + digits.size() && version >= 0) {
      return version;
    }
  }
  return refuse(Errc::invalid_request, "If-Match must be one version in quotes, as ETag gave it");
}

bool says_json(const ApiRequest& request) {
  const std::string_view type = header_of(request, "content-type");
  return ascii::iequal(ascii::trim(type.substr(0, type.find(';'))), "application/json");
}

Outcome<std::vector<std::pair<std::string, std::string>>> parameters_of(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    const auto end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    std::string name;
    std::string value;
    if (!decode(pair.substr(0, equals), name) ||
        (equals != std::string_view::npos && !decode(pair.substr(equals + 1), value))) {
      return refuse(Errc::invalid_request, "the query holds a broken escape");
    }
    const bool twice = std::any_of(parameters.begin(), parameters.end(),
                                   [&](const auto& known) { return known.first == name; });
    if (twice) return refuse_field(name, "stands twice in the query");
    parameters.emplace_back(std::move(name), std::move(value));
  }
  return parameters;
}

}  // namespace sluice::admin
