#include "identity/credential.hpp"

#include "base/ascii.hpp"

namespace sluice::identity {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char l = ascii::lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

/// '+' stays: keys are base64 of some kind more often than they hold blanks. A broken escape stays
/// as it is.
std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high >= 0 && low >= 0) {
        out.push_back(static_cast<char>(high * 16 + low));
        i += 2;
        continue;
      }
    }
    out.push_back(text[i]);
  }
  return out;
}

template <class Visit>
void for_each_parameter(std::string_view query, Visit visit) {
  while (!query.empty()) {
    const auto end = query.find('&');
    visit(query.substr(0, end));
    if (end == std::string_view::npos) return;
    query.remove_prefix(end + 1);
  }
}

/// "%6Bey" is "key" to whoever reads the query behind us, so it is to us.
bool is_key_parameter(std::string_view parameter) {
  const std::string_view name = parameter.substr(0, parameter.find('='));
  return name == "key" ||
         (name.find('%') != std::string_view::npos && percent_decode(name) == "key");
}

}  // namespace

void CredentialFinder::on_header(std::string_view name, std::string_view value) {
  if (!is_credential_header(name)) return;
  value = ascii::trim(value);
  if (!ascii::iequal(name, "authorization")) return add(value);
  constexpr std::string_view scheme = "bearer ";
  if (ascii::istarts_with(value, scheme)) add(ascii::trim(value.substr(scheme.size())));
}

void CredentialFinder::on_query(std::string_view query) {
  for_each_parameter(query, [this](std::string_view parameter) {
    const auto equals = parameter.find('=');
    if (equals == std::string_view::npos || !is_key_parameter(parameter)) return;
    const std::string_view value = parameter.substr(equals + 1);
    if (value.find('%') == std::string_view::npos) return add(value);
    std::string decoded = percent_decode(value);
    if (credential_.empty()) {
      decoded_ = std::move(decoded);
      add(decoded_);
    } else {
      add(decoded);
    }
  });
}

void CredentialFinder::add(std::string_view credential) {
  if (credential.empty()) return;
  if (credential_.empty()) {
    credential_ = credential;
  } else if (credential_ != credential) {
    ambiguous_ = true;
  }
}

Result<Presented> CredentialFinder::result(std::span<const Secret> suffixes) const {
  if (ambiguous_) {
    return fail(Errc::invalid_request, Side::client,
                "the request carries two different credentials; send the key in one place only");
  }
  if (credential_.empty()) {
    return fail(Errc::invalid_key, Side::client,
                "no key in the request; send it as x-api-key, Authorization: Bearer, "
                "x-goog-api-key, api-key or ?key=");
  }
  Presented out{sha256(credential_), {}};
  for (const Secret& suffix : suffixes) {
    const Secret suffixed(std::string(credential_).append(suffix.reveal()));
    out.suffixed.push_back(sha256(suffixed.reveal()));
  }
  return out;
}

std::string strip_key_query(std::string_view query) {
  std::string out;
  bool first = true;
  for_each_parameter(query, [&](std::string_view parameter) {
    if (is_key_parameter(parameter)) return;
    if (!first) out += '&';
    first = false;
    out += parameter;
  });
  return out;
}

bool is_credential_header(std::string_view name) {
  switch (name.size()) {
    case 7: return ascii::iequal(name, "api-key");
    case 9: return ascii::iequal(name, "x-api-key");
    case 13: return ascii::iequal(name, "authorization");
    case 14: return ascii::iequal(name, "x-goog-api-key");
  }
  return false;
}

}  // namespace sluice::identity
