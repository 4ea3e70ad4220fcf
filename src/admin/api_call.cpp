#include "admin/api_call.hpp"

#include <algorithm>
#include <charconv>

namespace sluice::admin {

Outcome<std::string> text_member(const boost::json::object& body, std::string_view name) {
  const boost::json::value* value = body.if_contains(name);
  if (value == nullptr) return refuse_field(std::string(name), "is missing");
  if (!value->is_string()) return refuse_field(std::string(name), "must be a text");
  return std::string(value->get_string());
}

Outcome<std::string> optional_text_member(const boost::json::object& body, std::string_view name) {
  const boost::json::value* value = body.if_contains(name);
  if (value == nullptr || value->is_null()) return std::string();
  return text_member(body, name);
}

Outcome<void> only_members(const boost::json::object& body,
                           std::initializer_list<std::string_view> known) {
  for (const auto& member : body) {
    if (std::find(known.begin(), known.end(), std::string_view(member.key())) == known.end()) {
      return refuse_field(std::string(member.key()), "there is no such field here");
    }
  }
  return {};
}

Outcome<void> only_parameters(const ApiCall& call, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : call.query) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return refuse_field(name, "there is no such parameter here");
    }
  }
  return {};
}

std::string_view parameter(const ApiCall& call, std::string_view name) {
  for (const auto& [known, value] : call.query) {
    if (known == name) return value;
  }
  return {};
}

Outcome<std::size_t> limit_parameter(const ApiCall& call) {
  constexpr std::size_t usual = 100;
  constexpr std::size_t most = 1000;
  const std::string_view text = parameter(call, "limit");
  if (text.empty()) return usual;
  std::size_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error != std::errc() || end != text.data() + text.size() || limit < 1 || limit > most) {
    return refuse_field("limit", "must be 1 to 1000");
  }
  return limit;
}

std::string_view session_cookie_name(bool tls) { return tls ? "__Host-sluice" : "sluice"; }

std::string session_cookie(std::string_view token, bool tls, std::chrono::seconds life) {
  std::string line = "set-cookie: ";
  ((line += session_cookie_name(tls)) += '=') += token;
  (line += "; Path=/; HttpOnly; SameSite=Strict; Max-Age=") += std::to_string(life.count());
  if (tls) line += "; Secure";
  return line += "\r\n";
}

}  // namespace sluice::admin
