#include "app/config_declared.hpp"
#include "base/names.hpp"
#include "identity/key_grammar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "provider/oauth2.hpp"
#include "provider/providers.hpp"
#include "provider/proxy_url.hpp"
#include "provider/upstream_url.hpp"

namespace sluice::app {
namespace {

constexpr int count_max = 1'000'000;

/// "[[account]] "main"", or the number of a nameless one.
std::string label(std::string_view kind, const toml::table& table, std::size_t index) {
  const auto name = table["name"].value<std::string>();
  if (name && is_name(*name)) return fmt::format("[[{}]] \"{}\"", kind, *name);
  return fmt::format("[[{}]] number {}", kind, index + 1);
}

template <class Declared>
void read_name(TomlTable& table, std::string& name, const std::vector<Declared>& others) {
  name = table.text("name");
  if (!is_name(name)) {
    table.problem(
        "name", fmt::format("must be 1 to {} printable characters without quotes", name_bytes_max));
  } else if (std::any_of(others.begin(), others.end(),
                         [&](const Declared& other) { return other.name == name; })) {
    table.problem("name", "is used twice");
  }
}

void refuse_empty_elements(TomlTable& table, std::string_view name,
                           const std::vector<std::string>& list) {
  const bool empty = std::any_of(list.begin(), list.end(), [](const std::string& element) {
    return element.empty() || element == "!";
  });
  if (empty) table.problem(name, "holds an empty text");
}

std::vector<std::string> read_pools(TomlTable& table) {
  auto pools = table.texts("pools", {"default"});
  refuse_empty_elements(table, "pools", pools);
  if (pools.empty()) table.problem("pools", "must name at least one pool");
  return pools;
}

void read_base_url(TomlTable& table, const provider::ProviderSpec* provider,
                   provider::AccountSettings& account) {
  std::string text = table.text("base_url");
  if (text.empty()) {
    if (provider == nullptr) return;
    if (provider->base_url.empty()) {
      table.problem("base_url", fmt::format("must be set for the provider {}", provider->name));
    }
    text = provider->base_url;
    if (text.empty()) return;
  }
  const auto url = provider::parse_upstream_url(text);
  if (!url) return table.problem("base_url", url.error().context);
  account.base_url = url->str();
}

provider::ClientAuth read_client_auth(TomlTable& oauth2) {
  using enum provider::ClientAuth;
  const std::string text =
      oauth2.text("client_auth", oauth2.has("client_secret") ? "basic" : "none");
  if (text == "basic") return basic;
  if (text == "post") return post;
  if (text != "none") oauth2.problem("client_auth", "must be basic, post or none");
  return none;
}

void read_oauth2(TomlTable& credential, TomlContext& context, const std::string& of,
                 provider::AccountSettings& account) {
  const toml::table* given = credential.table("oauth2");
  if (given == nullptr) return;
  TomlTable table(context, *given, "oauth2 of " + of);
  account.credential = {.kind = provider::Credential::Kind::oauth2};
  provider::OAuth2Credential& oauth2 = account.credential.oauth2;
  oauth2.token_url = table.text("token_url");
  if (oauth2.token_url.empty()) {
    table.problem("token_url", "is missing; write where refresh tokens are exchanged");
  } else if (const auto endpoint = provider::parse_token_url(oauth2.token_url); !endpoint) {
    table.problem("token_url", endpoint.error().context);
  }
  oauth2.client_id = table.text("client_id");
  if (oauth2.client_id.empty()) table.problem("client_id", "is missing");
  oauth2.client_auth = read_client_auth(table);
  if (auto secret = table.secret("client_secret")) oauth2.client_secret = std::move(*secret);
  if (oauth2.client_auth != provider::ClientAuth::none && !table.has("client_secret")) {
    table.problem("client_secret", "is missing; client_auth = \"none\" is for clients without one");
  }
  if (auto token = table.secret("refresh_token")) oauth2.refresh_token = std::move(*token);
  if (!table.has("refresh_token")) {
    table.problem("refresh_token", "is missing; write refresh_token = \"env:NAME\"");
  }
  oauth2.scopes = table.texts("scopes");
  refuse_empty_elements(table, "scopes", oauth2.scopes);
  context.findings.token_urls.emplace(account.name, table.origin("token_url"));
  table.refuse_unknown();
}

void read_credential(TomlTable& table, TomlContext& context, const std::string& of,
                     const provider::ProviderSpec* provider, provider::AccountSettings& account) {
  const toml::table* given = table.table("credential");
  if (given != nullptr) {
    TomlTable credential(context, *given, "credential of " + of);
    using Kind = provider::Credential::Kind;
    const bool both = credential.has("api_key") && credential.has("bearer_token");
    read_oauth2(credential, context, of, account);
    if (auto key = credential.secret("api_key"))
      account.credential = {Kind::api_key, std::move(*key)};
    if (auto token = credential.secret("bearer_token")) {
      account.credential = {Kind::bearer_token, std::move(*token)};
    }
    if (both)
      credential.problem("bearer_token", "stands beside api_key; an account has one credential");
    if (credential.has("oauth2") && given->size() > 1) {
      credential.problem("oauth2", "stands beside another; an account has one credential");
    }
    credential.refuse_unknown();
    if (!given->empty()) return;
  } else if (table.has("credential")) {
    return;
  }
  if (provider != nullptr && provider->needs_credential) {
    table.problem("credential", "is missing; write credential = { api_key = \"env:NAME\" }");
  }
}

void read_proxy(TomlTable& table, provider::AccountSettings& account) {
  if (!table.has("proxy") || table.text("proxy").empty()) {
    (void)table.text("proxy");
    return;
  }
  auto proxy = table.secret("proxy");
  if (!proxy || proxy->empty()) return;
  if (const auto parsed = provider::parse_proxy_url(proxy->reveal()); !parsed) {
    return table.problem("proxy", parsed.error().context);
  }
  account.proxy = std::move(*proxy);
}

void read_cooling(TomlTable& table, TomlContext& context, const std::string& of,
                  RestOverrides& cooling) {
  const toml::table* given = table.table("cooling");
  if (given == nullptr) return;
  TomlTable rules(context, *given, "cooling of " + of);
  for (std::size_t i = 0; i < rest_rules; ++i) {
    const std::string_view name = rest_rule_names[i];
    if (!rules.has(name)) {
      (void)rules.text(name);
      continue;
    }
    cooling[i] = parse_rest_length(rules.text(name, "0"));
    if (!cooling[i]) {
      rules.problem(name, "must be a time such as \"30s\" (s, m, h, d; at most 31d), or \"0\"");
    }
  }
  rules.refuse_unknown();
}

std::optional<provider::AccountSettings> read_account(const toml::table& node, std::size_t index,
                                                      TomlContext& context, const Config& config) {
  const std::string of = label("account", node, index);
  TomlTable table(context, node, of);
  provider::AccountSettings account;
  read_name(table, account.name, config.accounts);
  account.id = AccountId("declared:" + account.name);
  account.declared = true;
  account.provider = table.text("provider");
  const provider::ProviderSpec* provider = provider::find_provider(account.provider);
  if (provider == nullptr) {
    const auto names = provider::provider_names();
    table.problem("provider", fmt::format("must be one of {}{}", fmt::join(names, ", "),
                                          did_you_mean(account.provider, names)));
  } else if (!provider->served) {
    table.warn("provider", fmt::format("this version does not serve {}; the account stays idle",
                                       provider->name));
  }
  read_base_url(table, provider, account);
  context.findings.base_urls.push_back(table.origin("base_url"));
  read_credential(table, context, of, provider, account);
  account.priority = static_cast<int>(table.integer("priority", 10, 0, count_max));
  account.weight = static_cast<int>(table.integer("weight", 1, 1, count_max));
  account.max_concurrency = static_cast<int>(table.integer("max_concurrency", 0, 0, count_max));
  account.models = table.texts("models");
  refuse_empty_elements(table, "models", account.models);
  if (const toml::table* map = table.table("model_map")) {
    for (const auto& [from, to] : *map) {
      const auto* target = to.as_string();
      if (target == nullptr || target->get().empty() || from.str().empty()) {
        table.problem("model_map",
                      "must map names to names: { \"sonnet\" = \"claude-sonnet-4-5\" }");
        break;
      }
      account.model_map.emplace_back(from.str(), target->get());
    }
  }
  account.pools = read_pools(table);
  read_cooling(table, context, of, account.cooling);
  read_proxy(table, account);
  account.ca_file = table.text("ca_file");
  account.disabled = table.boolean("disabled", false);
  table.refuse_unknown();
  return account;
}

void read_secret(TomlTable& table, identity::Key& key) {
  constexpr std::size_t short_secret = 20;
  const bool both = table.has("secret") && table.has("sha256");
  const auto secret = table.secret("secret");
  const std::string hex = table.text("sha256");
  if (both) return table.problem("sha256", "stands beside secret; a key has one of them");
  if (secret) {
    key.hash = sha256(secret->reveal());
    if (secret->reveal().size() < short_secret) {
      table.warn("secret",
                 fmt::format("has fewer than {} characters and may be guessed", short_secret));
    }
  } else if (table.has("sha256")) {
    if (!from_hex(hex, key.hash)) table.problem("sha256", "must be 64 hex digits");
  } else if (!table.has("secret")) {
    table.problem("secret", "is missing; write secret = \"env:NAME\" or sha256 = \"hex\"");
  }
}

std::optional<identity::RateLimit> read_rate(TomlTable& limits, std::string_view name) {
  const std::string text = limits.text(name);
  if (text.empty()) return {};
  const auto rate = identity::parse_rate_limit(text);
  if (!rate) limits.problem(name, "must be a number in a window such as \"60/1m\" (s, m, h, d)");
  return rate;
}

void read_limits(TomlTable& table, TomlContext& context, const std::string& of,
                 identity::Key& key) {
  const toml::table* given = table.table("limits");
  if (given == nullptr) return;
  TomlTable limits(context, *given, "limits of " + of);
  key.limits.concurrency = static_cast<int>(limits.integer("concurrency", 0, 0, count_max));
  key.limits.requests = read_rate(limits, "requests");
  key.limits.input_tokens = read_rate(limits, "input_tokens");
  key.limits.output_tokens = read_rate(limits, "output_tokens");
  limits.refuse_unknown();
  if (key.limits.requests || key.limits.input_tokens || key.limits.output_tokens) {
    table.warn("limits", "this version enforces concurrency only");
  }
}

std::optional<NanoUsd> read_usd(const toml::node& node) {
  if (const auto* integer = node.as_integer())
    return identity::parse_usd(std::to_string(integer->get()));
  if (const auto* text = node.as_string()) return identity::parse_usd(text->get());
  if (const auto* number = node.as_floating_point()) {
    const auto text = identity::decimal_text(number->get());
    return text ? identity::parse_usd(*text) : std::nullopt;
  }
  return {};
}

void read_budgets(TomlTable& table, TomlContext& context, const std::string& of,
                  identity::Key& key) {
  const toml::table* given = table.table("budgets");
  if (given == nullptr) return;
  for (const auto& [window, node] : *given) {
    auto budget = identity::parse_budget_window(window.str());
    const auto amount = read_usd(node);
    if (!budget) {
      context.findings.problem(
          origin_of(context, window),
          fmt::format("budgets of {}: \"{}\" is no window; write day, week, month, total or one "
                      "such as \"5h\"",
                      of, window.str()));
    } else if (!amount) {
      context.findings.problem(
          origin_of(context, node),
          fmt::format(
              "budgets of {}: {} must be dollars such as 10.0, with at most 9 digits behind "
              "the point (as a text if there are more than 15 in all)",
              of, window.str()));
    } else {
      budget->amount = *amount;
      key.budgets.push_back(*budget);
    }
  }
  if (!given->empty()) table.warn("budgets", "this version does not enforce budgets");
}

void read_rules(TomlTable& table, TomlContext& context, const std::string& of, identity::Key& key) {
  const auto models = table.texts("models");
  refuse_empty_elements(table, "models", models);
  key.models = identity::PatternList(models);
  key.dialects = table.texts("dialects");
  const std::vector<std::string> known(provider::dialect_names().begin(),
                                       provider::dialect_names().end());
  for (const std::string& dialect : key.dialects) {
    if (std::find(known.begin(), known.end(), dialect) == known.end()) {
      table.problem("dialects", fmt::format("\"{}\" is none of {}{}", dialect,
                                            fmt::join(known, ", "), did_you_mean(dialect, known)));
    }
  }
  const toml::table* given = table.table("clients");
  if (given == nullptr) return;
  TomlTable clients(context, *given, "clients of " + of);
  for (const std::string& cidr : clients.texts("cidrs")) {
    if (const auto network = net::Network::parse(cidr)) {
      key.networks.push_back(*network);
    } else {
      clients.problem("cidrs", fmt::format("\"{}\" is no CIDR block such as \"10.0.0.0/8\"", cidr));
    }
  }
  const auto user_agents = clients.texts("user_agents");
  refuse_empty_elements(clients, "user_agents", user_agents);
  key.user_agents = identity::PatternList(user_agents);
  clients.refuse_unknown();
}

std::optional<identity::Key> read_key(const toml::table& node, std::size_t index,
                                      TomlContext& context, const Config& config) {
  const std::string of = label("key", node, index);
  TomlTable table(context, node, of);
  identity::Key key;
  read_name(table, key.name, config.keys);
  key.id = KeyId("declared:" + key.name);
  key.declared = true;
  read_secret(table, key);
  key.pools = read_pools(table);
  key.weight = static_cast<int>(table.integer("weight", 1, 1, identity::key_weight_max));
  read_limits(table, context, of, key);
  read_budgets(table, context, of, key);
  read_rules(table, context, of, key);
  if (const auto expiry = identity::parse_expiry(table.text("expires"))) {
    key.expiry = *expiry;
    if (key.expiry.after_first_use.count() > 0) {
      table.warn("expires", "this version does not record the first use; the key does not end");
    }
  } else {
    table.problem("expires",
                  "must be a time such as \"2027-01-31T00:00:00Z\", or \"30d after first use\"");
  }
  key.time_zone = table.text("time_zone", "UTC");
  if (!identity::is_time_zone(key.time_zone)) {
    table.problem("time_zone", "must be a name such as \"UTC\" or \"Europe/Berlin\"");
  }
  key.disabled = table.boolean("disabled", false);
  for (const identity::Key& other : config.keys) {
    if (other.hash == key.hash && key.hash != Sha256{}) {
      table.problem("secret", fmt::format("is the same as that of \"{}\"", other.name));
    }
  }
  table.refuse_unknown();
  return key;
}

template <class Declared>
void read_each(const toml::array& array, std::string_view kind, TomlContext& context,
               Config& config, std::vector<Declared>& out, auto read) {
  for (std::size_t i = 0; i < array.size(); ++i) {
    const toml::table* node = array[i].as_table();
    if (node == nullptr) {
      context.findings.problem(origin_of(context, array[i]),
                               fmt::format("write each {0} as a table under [[{0}]]", kind));
    } else if (auto declared = read(*node, i, context, config)) {
      out.push_back(std::move(*declared));
    }
  }
}

}  // namespace

void read_accounts(const toml::array& accounts, TomlContext& context, Config& config) {
  read_each(accounts, "account", context, config, config.accounts, read_account);
}

void read_keys(const toml::array& keys, TomlContext& context, Config& config) {
  read_each(keys, "key", context, config, config.keys, read_key);
}

}  // namespace sluice::app
