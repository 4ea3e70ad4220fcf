#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "admin/crs_import_plan.hpp"
#include "admin/crs_import_record.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out.push_back(c);
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

bool is_host(std::string_view host) {
  return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == ':' || c == '[' || c == ']';
  });
}

}  // namespace

Secret crs_proxy(const json::value& proxy, std::vector<std::string>& remarks) {
  if (proxy.is_null()) return {};
  const json::object* const fields = proxy.if_object();
  if (fields == nullptr) {
    remarks.emplace_back("the proxy isn't understood and was left out");
    return {};
  }
  CrsRecord record(*fields, remarks);
  std::string type = record.text("type");
  if (type.empty()) type = record.text("protocol");
  std::string host = record.text("host");
  const std::int64_t port = record.whole_number("port");
  const std::string user = record.text("username");
  const std::string password = record.text("password");
  // CRS lets a SOCKS proxy look names up, which is socks5h here.
  if (type == "socks5" || type == "socks") type = "socks5h";
  const bool known = type == "http" || type == "https" || type == "socks5h";
  if (!known || !is_host(host) || port < 1 || port > 65535) {
    remarks.emplace_back("the proxy isn't understood and was left out");
    return {};
  }
  if (is_redacted(password)) {
    remarks.emplace_back(
        "the password of the proxy is redacted: set the proxy again (account set --proxy)");
    return {};
  }
  if (host.find(':') != std::string::npos && !host.starts_with('[')) host = "[" + host + "]";
  std::string url = type + "://";
  // CRS signs in only where it has both.
  if (!user.empty() && !password.empty()) {
    url += percent_encoded(user) + ":" + percent_encoded(password) + "@";
  }
  url += fmt::format("{}:{}", host, port);
  return Secret(std::move(url));
}

}  // namespace sluice::admin
