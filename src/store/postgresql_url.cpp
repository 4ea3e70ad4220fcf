#include "store/postgresql_url.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <map>
#include <memory>

namespace sluice::store {

namespace {

/// As a conninfo string wants its values. Source: PostgreSQL 15, 34.1.1 "Connection Strings".
std::string quoted_value(std::string_view value) {
  std::string out = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string shown(const std::map<std::string, std::string>& options) {
  const auto value = [&](const char* name) {
    const auto found = options.find(name);
    return found == options.end() ? std::string() : found->second;
  };
  std::string out = "postgresql://";
  if (!value("user").empty()) out += value("user") + "@";
  out += value("host").empty() ? value("hostaddr") : value("host");
  if (!value("port").empty()) out += ":" + value("port");
  return out + "/" + value("dbname");
}

}  // namespace

Result<PostgresqlUrl> parse_postgresql_url(const Secret& url, Milliseconds connect_max) {
  const std::string text(url.reveal());
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
      text.find('\0') == std::string::npos ? PQconninfoParse(text.c_str(), nullptr) : nullptr,
      &PQconninfoFree);
  if (!parsed) {
    return fail(Errc::invalid_config, Side::gateway,
                "the URL of the store isn't one of PostgreSQL "
                "(postgresql://USER:PASSWORD@HOST:PORT/DATABASE); characters "
                "like @ : / % in the user or the password must be percent-encoded");
  }
  std::map<std::string, std::string> options;
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) options[option->keyword] = option->val;
  }
  std::string location = shown(options);
  // Where the operator said nothing. A dead network is noticed by TCP, not by waiting for an answer for ever.
  const auto seconds =
      std::max<std::int64_t>(std::chrono::ceil<std::chrono::seconds>(connect_max).count(), 1);
  options.try_emplace("connect_timeout", std::to_string(seconds));
  options.try_emplace("application_name", "sluice");
  options.try_emplace("keepalives_idle", "30");
  options.try_emplace("keepalives_interval", "10");
  options.try_emplace("keepalives_count", "3");
  options.try_emplace("tcp_user_timeout", "30000");
  options["client_encoding"] = "UTF8";
  std::string connect;
  for (const auto& [name, value] : options) connect += name + "=" + quoted_value(value) + " ";
  return PostgresqlUrl{.connect = Secret(std::move(connect)), .location = std::move(location)};
}

}  // namespace sluice::store
