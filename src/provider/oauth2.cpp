#include "provider/oauth2.hpp"

#include <time.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>

#include "base/append.hpp"
#include "base/ascii.hpp"
#include "base/base64.hpp"
#include "provider/upstream_url.hpp"

namespace sluice::provider {
namespace {

namespace json = boost::json;

constexpr seconds lifetime_max = std::chrono::days(366);
constexpr std::size_t described_bytes_max = 200;

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '*';
}

/// application/x-www-form-urlencoded (RFC 6749, appendix B).
void append_encoded(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_unreserved(c)) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      ((out += '%') += digits[byte >> 4U]) += digits[byte & 15U];
    }
  }
}

void append_parameter(std::string& body, std::string_view name, std::string_view value) {
  if (!body.empty()) body += '&';
  body += name;
  body += '=';
  append_encoded(body, value);
}

Secret basic_credentials(const OAuth2Credential& credential) {
  std::string pair;
  append_encoded(pair, credential.client_id);
  pair += ':';
  append_encoded(pair, credential.client_secret.reveal());
  const Secret plain(std::move(pair));
  return Secret(base64(plain.reveal()));
}

/// What may stand behind "Bearer " in a request head, or go back to the server.
bool is_token(std::string_view text) {
  return !text.empty() && text.size() <= token_bytes_max &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string_view text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}

/// A number, or a text that is one, as some servers write it. What can't be read is as good as nothing: a token that we
/// got is worth more than its date.
std::optional<seconds> lifetime_of(const json::object& object) {
  const json::value* value = object.if_contains("expires_in");
  if (value == nullptr) return {};
  double count = 0;
  if (value->is_number()) {
    count = value->to_number<double>();
  } else if (const json::string* text = value->if_string()) {
    std::int64_t whole = 0;
    const char* const last = text->data() + text->size();
    const auto [end, error] = std::from_chars(text->data(), last, whole);
    if (error != std::errc() || end != last) return {};
    count = static_cast<double>(whole);
  }
  if (!(count >= 1)) return {};
  return seconds(static_cast<std::int64_t>(
      std::min(std::floor(count), static_cast<double>(lifetime_max.count()))));
}

void mask(std::string& text, const Secret& secret) {
  constexpr std::size_t bytes_min = 4;
  if (secret.reveal().size() < bytes_min) return;
  for (auto at = text.find(secret.reveal()); at != std::string::npos;
       at = text.find(secret.reveal(), at)) {
    text.replace(at, secret.reveal().size(), "***");
  }
}

/// The server's words, as they may be shown: printable, short, and without our secrets or anything that looks like one.
std::string described(std::string_view words, const OAuth2Credential& asked_with) {
  constexpr std::size_t word_bytes_max = 40;
  std::string text(words);
  mask(text, asked_with.refresh_token);
  mask(text, asked_with.client_secret);
  std::string out;
  for (std::size_t at = 0; at < text.size() && out.size() < described_bytes_max;) {
    const std::size_t end = std::min(text.find_first_of(" \t\r\n", at), text.size());
    std::string word = text.substr(at, end - at);
    std::replace_if(word.begin(), word.end(), [](char c) { return c < 0x21 || c > 0x7e; }, '?');
    if (word.size() > word_bytes_max) word = "***";
    if (!out.empty() && !word.empty()) out += ' ';
    out += word;
    at = end + 1;
  }
  if (out.size() > described_bytes_max) out.resize(described_bytes_max);
  return out;
}

/// RFC 6749, 5.2: what no repetition will change.
bool is_final(std::string_view code) {
  constexpr std::array<std::string_view, 5> codes = {"invalid_grant", "invalid_client",
                                                     "unauthorized_client",
                                                     "unsupported_grant_type", "invalid_scope"};
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

bool is_code(std::string_view text) {
  constexpr std::size_t bytes_max = 64;
  return !text.empty() && text.size() <= bytes_max &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '-' || c == '.';
         });
}

std::optional<json::object> parse_object(std::string_view body) {
  if (body.size() > token_answer_bytes_max) return {};
  boost::system::error_code error;
  json::value root = json::parse({body.data(), body.size()}, error);
  if (error || !root.is_object()) return {};
  return std::move(root.as_object());
}

RefreshFailure later(std::string reason) {
  RefreshFailure failure;
  failure.reason = std::move(reason);
  return failure;
}

/// What an error document says; a status alone where there is none.
RefreshFailure read_error(const TokenAnswer& answer, const json::object* document,
                          const OAuth2Credential& asked_with) {
  RefreshFailure failure;
  failure.reason = "the token endpoint answered with status " + std::to_string(answer.status);
  failure.retry_after = parse_retry_after(answer.retry_after, answer.received);
  if (document == nullptr) return failure;
  if (const auto code = text_of(*document, "error");
      is_code(code) && code == described(code, asked_with)) {
    failure.code = code;
    append(failure.reason, ", ", code);
  }
  if (const auto words = text_of(*document, "error_description"); !words.empty()) {
    append(failure.reason, ": ", described(words, asked_with));
  }
  // A server that is ill may say anything: only a refusal refuses. Some write theirs with status 200.
  const bool decided = answer.status == 200 || (answer.status >= 400 && answer.status < 500 &&
                                                answer.status != 408 && answer.status != 429);
  if (decided && is_final(failure.code)) failure.kind = RefreshFailure::Kind::refused;
  return failure;
}

}  // namespace

Result<TokenEndpoint> parse_token_url(std::string_view url) {
  const auto scheme = url.find("://");
  const auto host = scheme == std::string_view::npos ? 0 : scheme + 3;
  const auto path = std::min(url.find_first_of("/?", host), url.size());
  TRY(UpstreamUrl of, parse_upstream_url(url.substr(0, path)));
  const std::string_view rest = url.substr(path);
  const bool sendable =
      std::all_of(rest.begin(), rest.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!sendable || rest.find_first_of("#\\") != std::string_view::npos) {
    return fail(Errc::invalid_config, Side::gateway,
                "the URL holds blanks, a fragment or characters outside ASCII");
  }
  TokenEndpoint endpoint;
  endpoint.origin = {.tls = of.tls, .host = std::move(of.host), .port = of.port, .ca_file = ""};
  if (!rest.starts_with('/')) endpoint.path_and_query = "/";
  endpoint.path_and_query += rest;
  return endpoint;
}

RefreshRequest refresh_request(const TokenEndpoint& endpoint, const OAuth2Credential& credential) {
  std::string body;
  append_parameter(body, "grant_type", "refresh_token");
  append_parameter(body, "refresh_token", credential.refresh_token.reveal());
  if (!credential.scopes.empty()) {
    std::string scopes;
    for (const std::string& scope : credential.scopes) {
      if (!scopes.empty()) scopes += ' ';
      scopes += scope;
    }
    append_parameter(body, "scope", scopes);
  }
  if (credential.client_auth != ClientAuth::basic) {
    append_parameter(body, "client_id", credential.client_id);
  }
  if (credential.client_auth == ClientAuth::post) {
    append_parameter(body, "client_secret", credential.client_secret.reveal());
  }
  std::string head;
  append(head, "POST ", endpoint.path_and_query, " HTTP/1.1\r\nhost: ", endpoint.origin.authority(),
         "\r\nconnection: close\r\naccept: application/json\r\naccept-encoding: identity\r\n"
         "content-type: application/x-www-form-urlencoded\r\ncontent-length: ",
         std::to_string(body.size()), "\r\n");
  if (credential.client_auth == ClientAuth::basic) {
    append(head, "authorization: Basic ", basic_credentials(credential).reveal(), "\r\n");
  }
  head += "\r\n";
  return {Secret(std::move(head)), Secret(std::move(body))};
}

std::expected<FreshAccess, RefreshFailure> read_token_answer(const TokenAnswer& answer,
                                                             const OAuth2Credential& asked_with) {
  const auto document = parse_object(answer.body);
  if (answer.status != 200) {
    if (answer.status >= 300 && answer.status < 400) {
      return std::unexpected(
          later("the token endpoint answered with a redirect, which is never followed"));
    }
    return std::unexpected(read_error(answer, document ? &*document : nullptr, asked_with));
  }
  if (!document) return std::unexpected(later("the token endpoint's answer is no JSON object"));
  FreshAccess fresh;
  if (const auto rotated = text_of(*document, "refresh_token"); is_token(rotated)) {
    fresh.refresh_token = Secret(std::string(rotated));
  }
  if (document->contains("error") && !document->contains("access_token")) {
    return std::unexpected(read_error(answer, &*document, asked_with));
  }
  const auto useless = [&](const char* why) {
    RefreshFailure failure = later(why);
    failure.refresh_token = fresh.refresh_token;
    return std::unexpected(std::move(failure));
  };
  const std::string_view access = text_of(*document, "access_token");
  if (access.empty()) return useless("the token endpoint's answer has no access_token");
  if (!is_token(access)) return useless("the access_token can't stand in a request");
  if (!ascii::iequal(text_of(*document, "token_type"), "bearer")) {
    return useless("the token_type is not Bearer");
  }
  fresh.access_token = Secret(std::string(access));
  fresh.lifetime = lifetime_of(*document);
  fresh.scope = text_of(*document, "scope");
  return fresh;
}

std::optional<seconds> parse_retry_after(std::string_view field, WallTime now) {
  field = ascii::trim(field);
  if (field.empty()) return {};
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), count);
  if (end == field.data() + field.size() && field.front() != '-') {
    if (error == std::errc::result_out_of_range) return retry_after_max;
    if (error == std::errc()) return std::min(seconds(count), retry_after_max);
  }
  const std::string text(field);
  std::tm date{};
  const char* const rest = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
  if (rest == nullptr || *rest != '\0') return {};
  const auto at = std::chrono::system_clock::from_time_t(::timegm(&date));
  const auto wait = std::chrono::ceil<seconds>(at - now);
  return std::clamp(wait, seconds(0), retry_after_max);
}

WallTime when_to_refresh(WallTime expires, seconds lifetime, Random& random) {
  constexpr Milliseconds ahead_min = std::chrono::minutes(1);
  constexpr Milliseconds ahead_max = std::chrono::minutes(10);
  const Milliseconds whole = std::max(lifetime, seconds(0));
  const Milliseconds ahead = std::min(std::clamp(whole / 5, ahead_min, ahead_max), whole / 2);
  const auto jitter_max = static_cast<std::uint64_t>(ahead.count() / 10);
  const Milliseconds jitter(static_cast<std::int64_t>(random.next() % (jitter_max + 1)));
  return expires - ahead - jitter;
}

Milliseconds refresh_delay(int failures, std::optional<seconds> retry_after, Random& random) {
  constexpr Milliseconds delay_min = seconds(1);
  constexpr Milliseconds delay_max = std::chrono::minutes(5);
  constexpr int doublings_max = 9;  // 512 s, past delay_max
  const Milliseconds bound =
      std::min(delay_max, delay_min * (1 << std::clamp(failures, 1, doublings_max)));
  const auto span = static_cast<std::uint64_t>((bound - delay_min).count());
  const Milliseconds delay =
      delay_min + Milliseconds(static_cast<std::int64_t>(random.next() % (span + 1)));
  return std::max<Milliseconds>(delay, retry_after.value_or(seconds(0)));
}

}  // namespace sluice::provider
