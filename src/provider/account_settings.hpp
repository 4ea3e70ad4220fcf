#pragma once
/// An account as an operator describes it: in the file, on the command line, through the admin API. Plain values, already
/// checked; what a request reads is made of it (`Upstream`, `routing::Account`).

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/quantity.hpp"
#include "base/rest_rules.hpp"
#include "base/secret.hpp"

namespace sluice::provider {

/// How a client proves itself at a token endpoint. Source: RFC 6749, 2.3.1.
enum class ClientAuth : std::uint8_t { basic, post, none };

/// A refresh token of an OAuth 2.0 authorization server, and where it is exchanged. Source: RFC 6749, 6.
struct OAuth2Credential {
  std::string token_url;
  std::string client_id;
  Secret client_secret;
  Secret refresh_token;
  std::vector<std::string> scopes;
  ClientAuth client_auth = ClientAuth::basic;
};

/// How sluice signs in at a provider.
struct Credential {
  enum class Kind : std::uint8_t { none, api_key, bearer_token, oauth2 };
  Kind kind = Kind::none;
  /// The key or token that goes to the provider; of oauth2 the access token in effect, empty while there is none.
  Secret secret = {};
  OAuth2Credential oauth2 = {};
};

/// When an account takes requests, by the clock of its time zone. A time that ends before it begins runs past midnight.
struct ActiveHours {
  std::uint8_t days = 0x7f;  // bit 0 Monday to bit 6 Sunday: the day it begins on
  std::chrono::minutes from{0};
  std::chrono::minutes to{24 * 60};  // not included
  friend bool operator==(const ActiveHours&, const ActiveHours&) = default;
};

struct AccountSettings {
  AccountId id;  // a ULID in the store, "declared:NAME" in the file
  std::string name;
  std::string provider;
  std::string base_url;  // checked; without a slash at its end
  Credential credential;
  int priority = 10;  // lower first
  int weight = 1;
  int max_concurrency = 0;                                     // 0 = no cap
  std::vector<std::string> models;                             // patterns; empty = all
  std::vector<std::pair<std::string, std::string>> model_map;  // client's name, provider's name
  std::vector<std::string> pools = {"default"};
  RestOverrides cooling{};  // how long it rests, where other than usual
  Secret proxy;             // its URL may hold a password
  std::string ca_file;      // PEM bundle in place of the system's
  std::string note;
  std::optional<WallTime> expires;
  Limits limits;  // `concurrency` is `max_concurrency` here
  std::vector<Budget> budgets;
  Milliseconds connect_timeout{0};  // 0 = the relay's, as for the two below
  Milliseconds first_byte_timeout{0};
  Milliseconds idle_timeout{0};
  std::vector<ActiveHours> active_hours;  // empty = always
  std::string time_zone = "UTC";          // of active hours and calendar budgets
  bool disabled = false;
  bool declared = false;  // in the configuration file, not in the store
};

}  // namespace sluice::provider
