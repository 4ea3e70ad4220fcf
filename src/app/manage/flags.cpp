#include "app/manage/flags.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "app/config_values.hpp"
#include "base/names.hpp"
#include "provider/providers.hpp"

namespace sluice::app::manage {
namespace {

constexpr std::string_view secret_value = "env:NAME|file:PATH|-";

std::span<const std::string_view> provider_choices() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> out;
    for (const provider::ProviderSpec& provider : provider::providers())
      out.push_back(provider.name);
    return out;
  }();
  return names;
}
constexpr std::array<std::string_view, 3> client_auths = {"basic", "post", "none"};
constexpr std::array<std::string_view, 4> roles = {"admin", "operator", "viewer", "member"};

bool is_whole_number(std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  return !digits.empty() && digits.size() <= 18 &&
         digits.find_first_not_of("0123456789") == std::string_view::npos;
}

bool names_a_source(std::string_view text) {
  return text == "-" || (text.starts_with("env:") && text.size() > 4) ||
         (text.starts_with("file:") && text.size() > 5);
}

}  // namespace

std::string_view long_name(const FlagSpec& flag) { return flag.flag.substr(flag.flag.find("--")); }

std::span<const FlagSpec> account_flags() {
  static const std::array flags = {
      FlagSpec{.flag = "--name",
               .field = "name",
               .value = "NAME",
               .help = "Its name; with set, the new one"},
      FlagSpec{.flag = "--provider",
               .field = "provider",
               .value = "NAME",
               .help = "Whose API it is",
               .choices = provider_choices()},
      FlagSpec{.flag = "--base-url",
               .field = "base_url",
               .value = "URL",
               .help = "Where it is; default: the provider's own address"},
      FlagSpec{.flag = "--api-key",
               .field = "credential.api_key",
               .form = Form::secret,
               .value = secret_value,
               .help = "The provider's API key"},
      FlagSpec{.flag = "--bearer-token",
               .field = "credential.bearer_token",
               .form = Form::secret,
               .value = secret_value,
               .help = "A token for Authorization: Bearer instead"},
      FlagSpec{.flag = "--oauth2-token-url",
               .field = "credential.oauth2.token_url",
               .value = "URL",
               .help = "OAuth 2.0 instead: where the refresh token is exchanged"},
      FlagSpec{.flag = "--oauth2-client-id",
               .field = "credential.oauth2.client_id",
               .value = "ID",
               .help = "The client that the refresh token was given to"},
      FlagSpec{.flag = "--oauth2-client-secret",
               .field = "credential.oauth2.client_secret",
               .form = Form::secret,
               .value = secret_value,
               .help = "The client's secret, if it has one"},
      FlagSpec{.flag = "--oauth2-refresh-token",
               .field = "credential.oauth2.refresh_token",
               .form = Form::secret,
               .value = secret_value,
               .help = "The refresh token"},
      FlagSpec{.flag = "--oauth2-scope",
               .field = "credential.oauth2.scopes",
               .form = Form::list,
               .value = "SCOPE",
               .help = "A scope to ask for; repeatable"},
      FlagSpec{.flag = "--oauth2-client-auth",
               .field = "credential.oauth2.client_auth",
               .value = "HOW",
               .help = "How the client proves itself at the token URL",
               .choices = client_auths},
      FlagSpec{.flag = "--priority",
               .field = "priority",
               .form = Form::number,
               .value = "N",
               .help = "Lower is tried first; default 10"},
      FlagSpec{.flag = "--weight",
               .field = "weight",
               .form = Form::number,
               .value = "N",
               .help = "Its share among those of one priority; default 1"},
      FlagSpec{.flag = "--max-concurrency",
               .field = "max_concurrency",
               .form = Form::number,
               .value = "N",
               .help = "Requests at a time; 0 = no cap"},
      FlagSpec{.flag = "--limit",
               .field = "limits",
               .form = Form::limits,
               .value = "NAME=AMOUNT",
               .help = "requests=1000/1m, input_tokens=, output_tokens=, "
                       "total_tokens=; repeatable; nothing behind = takes it away"},
      FlagSpec{.flag = "--budget",
               .field = "budgets",
               .form = Form::pairs,
               .value = "WINDOW=USD",
               .help = "day=10, week=, month=, total=, or a window such as 5h=2.50; repeatable; "
                       "nothing behind = takes it away"},
      FlagSpec{.flag = "--model",
               .field = "models",
               .form = Form::list,
               .value = "PATTERN",
               .help = "A model it serves, such as claude-*; repeatable; none = all"},
      FlagSpec{.flag = "--map",
               .field = "model_map",
               .form = Form::pairs,
               .value = "FROM=TO",
               .help = "A client's name of a model, and the provider's; repeatable"},
      FlagSpec{.flag = "--pool",
               .field = "pools",
               .form = Form::list,
               .value = "NAME",
               .help = "A pool it belongs to; repeatable; default: default",
               .names_of = "pool"},
      FlagSpec{.flag = "--cooling",
               .field = "cooling",
               .form = Form::pairs,
               .value = "RULE=TIME",
               .help = "How long it rests after failures: rate_limited=30s, overloaded=0; "
                       "repeatable; nothing behind = takes it away"},
      FlagSpec{.flag = "--proxy",
               .field = "proxy",
               .form = Form::url,
               .value = "URL|env:NAME|file:PATH|-",
               .help = "http://, https://, socks5:// or socks5h://; with a password only by env:, "
                       "file: or -"},
      FlagSpec{.flag = "--ca-file",
               .field = "ca_file",
               .value = "FILE",
               .help = "PEM bundle in place of the system's"},
      FlagSpec{.flag = "--expires",
               .field = "expires",
               .value = "TIME",
               .help = "Not used after this, as 2027-01-31T00:00:00Z"},
      FlagSpec{.flag = "--connect-timeout-ms",
               .field = "connect_timeout_ms",
               .form = Form::number,
               .value = "N",
               .help = "In place of [relay] connect_timeout_ms; 0 = that"},
      FlagSpec{.flag = "--first-byte-timeout-ms",
               .field = "first_byte_timeout_ms",
               .form = Form::number,
               .value = "N",
               .help = "In place of [relay] first_byte_timeout_ms; 0 = that"},
      FlagSpec{.flag = "--idle-timeout-ms",
               .field = "idle_timeout_ms",
               .form = Form::number,
               .value = "N",
               .help = "In place of [relay] idle_timeout_ms; 0 = that"},
      FlagSpec{.flag = "--active-hours",
               .field = "active_hours",
               .form = Form::hours,
               .value = "[DAYS ]FROM-TO",
               .help =
                   "When it is used, as 22:00-06:00 or \"mon,tue 09:00-17:00\"; repeatable; none = "
                   "always"},
      FlagSpec{.flag = "--time-zone",
               .field = "time_zone",
               .value = "ZONE",
               .help = "Of its active hours and budgets, as Asia/Shanghai; default UTC"},
      FlagSpec{.flag = "--note", .field = "note", .value = "TEXT", .help = "For people"},
      FlagSpec{.flag = "--disabled",
               .field = "disabled",
               .form = Form::yes,
               .help = "Switched off until `sluice account enable`"},
  };
  return flags;
}

std::span<const FlagSpec> key_flags() {
  static const std::array flags = {
      FlagSpec{.flag = "--name",
               .field = "name",
               .value = "NAME",
               .help = "Its name; with set, the new one"},
      FlagSpec{.flag = "--limit",
               .field = "limits",
               .form = Form::limits,
               .value = "NAME=AMOUNT",
               .help = "concurrency=10, requests=60/1m, input_tokens=, output_tokens=, "
                       "total_tokens=; repeatable; nothing behind = takes it away"},
      FlagSpec{.flag = "--budget",
               .field = "budgets",
               .form = Form::pairs,
               .value = "WINDOW=USD",
               .help = "day=10, week=, month=, total=, or a window such as 5h=2.50; repeatable; "
                       "nothing behind = takes it away"},
      FlagSpec{
          .flag = "--model",
          .field = "models",
          .form = Form::list,
          .value = "PATTERN",
          .help = "A model it may use, or \"!PATTERN\" one it may not; repeatable; none = all"},
      FlagSpec{.flag = "--dialect",
               .field = "dialects",
               .form = Form::list,
               .value = "NAME",
               .help = "A dialect it may speak; repeatable; none = all",
               .choices = provider::dialect_names()},
      FlagSpec{.flag = "--cidr",
               .field = "clients.cidrs",
               .form = Form::list,
               .value = "CIDR",
               .help = "A network it may be used from; repeatable; none = all"},
      FlagSpec{.flag = "--user-agent",
               .field = "clients.user_agents",
               .form = Form::list,
               .value = "PATTERN",
               .help = "A user agent it may be used by; repeatable; none = all"},
      FlagSpec{.flag = "--expires",
               .field = "expires",
               .value = "TIME",
               .help = "2027-01-31T00:00:00Z, or \"30d after first use\""},
      FlagSpec{.flag = "--time-zone",
               .field = "time_zone",
               .value = "ZONE",
               .help = "Where its days and months begin, as Europe/Berlin; default UTC"},
      FlagSpec{.flag = "--pool",
               .field = "pools",
               .form = Form::list,
               .value = "NAME",
               .help = "A pool whose accounts it may use; repeatable; default: default",
               .names_of = "pool"},
      FlagSpec{.flag = "--account",
               .field = "accounts",
               .form = Form::list,
               .value = "NAME",
               .help = "An account it may use, instead of all of its pools; repeatable",
               .names_of = "account"},
      FlagSpec{.flag = "--weight",
               .field = "weight",
               .form = Form::number,
               .value = "N",
               .help = "Its share where requests wait for an account, 1 to 1000; default 1"},
      FlagSpec{.flag = "--owner",
               .field = "owner",
               .value = "USER",
               .help = "The user it belongs to",
               .names_of = "user"},
      FlagSpec{.flag = "--tag",
               .field = "tags",
               .form = Form::list,
               .value = "TAG",
               .help = "A word to find it by; repeatable"},
      FlagSpec{.flag = "--note", .field = "note", .value = "TEXT", .help = "For people"},
      FlagSpec{.flag = "--disabled",
               .field = "disabled",
               .form = Form::yes,
               .help = "Switched off until `sluice key enable`"},
  };
  return flags;
}

std::span<const FlagSpec> user_flags() {
  static const std::array flags = {
      FlagSpec{.flag = "--name",
               .field = "name",
               .value = "NAME",
               .help = "Its name; with set, the new one"},
      FlagSpec{.flag = "--role",
               .field = "role",
               .value = "ROLE",
               .help = "What the user may do; default viewer",
               .choices = roles},
      FlagSpec{.flag = "--email", .field = "email", .value = "ADDRESS", .help = "For people"},
      FlagSpec{.flag = "--note", .field = "note", .value = "TEXT", .help = "For people"},
      FlagSpec{.flag = "--disabled",
               .field = "disabled",
               .form = Form::yes,
               .help = "May not sign in until `sluice user enable`"},
  };
  return flags;
}

std::span<const FlagSpec> pool_flags() {
  static const std::array flags = {
      FlagSpec{.flag = "--name",
               .field = "name",
               .value = "NAME",
               .help = "Its name; with set, the new one"},
      FlagSpec{.flag = "--limit",
               .field = "limits",
               .form = Form::limits,
               .value = "NAME=AMOUNT",
               .help = "concurrency=10, requests=60/1m, input_tokens=, output_tokens=, "
                       "total_tokens=; repeatable; nothing behind = takes it away"},
      FlagSpec{.flag = "--budget",
               .field = "budgets",
               .form = Form::pairs,
               .value = "WINDOW=USD",
               .help = "day=10, week=, month=, total=, or a window such as 5h=2.50; repeatable; "
                       "nothing behind = takes it away"},
      FlagSpec{.flag = "--note", .field = "note", .value = "TEXT", .help = "For people"},
  };
  return flags;
}

std::span<const FlagSpec> token_flags() {
  static const std::array flags = {
      FlagSpec{.flag = "--name", .field = "name", .value = "NAME", .help = "Its name"},
      FlagSpec{.flag = "--role",
               .field = "role",
               .value = "ROLE",
               .help = "What it may do at most; default viewer",
               .choices = roles},
      FlagSpec{.flag = "--scope",
               .field = "scopes",
               .form = Form::list,
               .value = "SCOPE",
               .help = "*, read, write, or of one resource as keys:read; repeatable"},
      FlagSpec{.flag = "--expires",
               .field = "expires",
               .value = "TIME",
               .help = "Its end, as 2027-01-31T00:00:00Z"},
      FlagSpec{.flag = "--note", .field = "note", .value = "TEXT", .help = "For people"},
  };
  return flags;
}

std::string wrong_value(const FlagSpec& flag, std::string_view text) {
  switch (flag.form) {
    case Form::text:
    case Form::list: {
      if (flag.choices.empty()) return {};
      const std::vector<std::string> names(flag.choices.begin(), flag.choices.end());
      if (std::find(names.begin(), names.end(), text) != names.end()) return {};
      return fmt::format("\"{}\" is none of {}{}", text, fmt::join(names, ", "),
                         did_you_mean(text, names));
    }
    case Form::number:
      return is_whole_number(text) ? std::string()
                                   : fmt::format("must be a whole number, not \"{}\"", text);
    case Form::pairs:
    case Form::limits: {
      const auto equals = text.find('=');
      if (equals != std::string_view::npos && equals > 0) return {};
      return fmt::format("must be {}, not \"{}\"", flag.value, text);
    }
    case Form::hours: {
      const std::string_view hours = text.substr(text.rfind(' ') + 1);
      if (hours.find('-') != std::string_view::npos) return {};
      return fmt::format("must be {} such as \"mon,tue 09:00-17:00\", not \"{}\"", flag.value,
                         text);
    }
    case Form::secret:
      if (names_a_source(text)) return {};
      return "a secret on the command line would be seen in the process list and kept in the "
             "shell's "
             "history; write env:NAME, file:PATH, or - to read it from the standard input";
    case Form::url:
      if (names_a_source(text) || redact_url(text) == text) return {};
      return "a password on the command line would be seen in the process list and kept in the "
             "shell's history; write env:NAME, file:PATH, or - to read the URL from the standard "
             "input";
    case Form::yes:
    case Form::password: return {};
  }
  return {};
}

}  // namespace sluice::app::manage
