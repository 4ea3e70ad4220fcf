#include "admin/account_document.hpp"

#include <fmt/format.h>

#include <boost/json/value_from.hpp>

#include "admin/active_hours_document.hpp"
#include "admin/cooling_document.hpp"
#include "admin/credential_document.hpp"
#include "admin/document.hpp"
#include "admin/fields.hpp"
#include "admin/limits_document.hpp"
#include "admin/proxy_url.hpp"
#include "admin/time_field.hpp"
#include "base/names.hpp"
#include "identity/key_grammar.hpp"
#include "provider/providers.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;
using provider::AccountSettings;
using provider::Credential;
using provider::ProviderSpec;

constexpr std::size_t pools_max = 64;
constexpr std::size_t model_map_max = 256;
constexpr ListBounds models_bounds{.count_max = 256, .bytes_max = 256};
constexpr std::int64_t timeout_ms_max = 86'400'000;

void read_number(Fields& fields, std::string_view name, int& out, IntegerRange range) {
  std::int64_t number = out;
  fields.integer(name, number, range);
  out = static_cast<int>(number);
}

void read_timeout(Fields& fields, std::string_view name, Milliseconds& out) {
  std::int64_t number = out.count();
  fields.integer(name, number, {.fallback = 0, .min = 0, .max = timeout_ms_max});
  out = Milliseconds(number);
}

void read_model_map(Fields& fields, std::vector<std::pair<std::string, std::string>>& map) {
  std::vector<std::pair<std::string, std::string>> out;
  const auto read = [&](Fields& given) {
    if (given.size() > model_map_max) {
      return given.fault(fmt::format("must have at most {} elements", model_map_max));
    }
    given.each_name([&](std::string_view from) {
      std::string to;
      given.text(from, to, models_bounds.bytes_max);
      if (from.empty() || to.empty() || text_fault(from, models_bounds.bytes_max)) {
        return given.fault("must map names to names: { \"sonnet\": \"claude-sonnet-4-5\" }");
      }
      out.emplace_back(from, to);
    });
    map = std::move(out);
  };
  fields.object("model_map", read, [&] { map.clear(); });
}

/// All that is written the same for people and for the store.
void read_plain_fields(Fields& fields, AccountSettings& account) {
  fields.name("name", account.name);
  read_number(fields, "priority", account.priority, {.fallback = 10, .min = 0, .max = count_max});
  read_number(fields, "weight", account.weight, {.fallback = 1, .min = 1, .max = count_max});
  read_number(fields, "max_concurrency", account.max_concurrency,
              {.fallback = 0, .min = 0, .max = count_max});
  fields.texts("models", account.models, models_bounds);
  read_model_map(fields, account.model_map);
  fields.names("pools", account.pools, pools_max, {"default"});
  if (account.pools.empty()) fields.fault("pools", "must name at least one pool");
  read_cooling(fields, account.cooling);
  fields.text("ca_file", account.ca_file, path_bytes_max);
  fields.text("note", account.note, note_bytes_max, Lines::many);
  read_time(fields, "expires", account.expires);
  read_limits(fields, account.limits, Concurrency::elsewhere);
  read_budgets(fields, account.budgets);
  read_timeout(fields, "connect_timeout_ms", account.connect_timeout);
  read_timeout(fields, "first_byte_timeout_ms", account.first_byte_timeout);
  read_timeout(fields, "idle_timeout_ms", account.idle_timeout);
  read_active_hours(fields, account.active_hours);
  fields.text("time_zone", account.time_zone, name_bytes_max, Lines::one, "UTC");
  if (!identity::is_time_zone(account.time_zone)) {
    fields.fault("time_zone", "must be a name such as \"UTC\" or \"Europe/Berlin\"");
  }
  fields.boolean("disabled", account.disabled);
}

const ProviderSpec* read_provider(Fields& fields, std::string& provider) {
  fields.text("provider", provider, name_bytes_max);
  const ProviderSpec* spec = provider::find_provider(provider);
  if (spec == nullptr) {
    const auto names = provider::provider_names();
    fields.fault("provider", fmt::format("must be one of {}{}", fmt::join(names, ", "),
                                         did_you_mean(provider, names)));
  }
  return spec;
}

/// `was`: of the account until now; nullptr: it is new.
void read_base_url(Fields& fields, const ProviderSpec* was, const ProviderSpec* is,
                   provider::PrivateUpstreams private_upstreams, AccountSettings& account) {
  // One that stands at the default of its provider moves with it.
  const bool moves = was != is && (was == nullptr || account.base_url == was->base_url);
  std::string text = moves ? "" : account.base_url;
  fields.text("base_url", text, path_bytes_max);
  if (is == nullptr || (!fields.has("base_url") && was == is)) return;
  if (text.empty()) text = is->base_url;
  if (text.empty()) {
    return fields.fault("base_url", fmt::format("must be set for the provider {}", is->name));
  }
  const auto url = provider::parse_upstream_url(text);
  if (!url) return fields.fault("base_url", url.error().context);
  if (const auto permitted = provider::permit_upstream(*url, private_upstreams); !permitted) {
    return fields.fault("base_url", permitted.error().context);
  }
  account.base_url = url->str();
}

void read_given_proxy(Fields& fields, Secret& proxy, std::vector<SecretChange>& changes) {
  const json::value* value = fields.find("proxy");
  if (value == nullptr) return;
  const json::string* text = value->if_string();
  if (text == nullptr && !value->is_null()) return fields.fault("proxy", "must be a text");
  const std::string_view given = text == nullptr ? std::string_view() : std::string_view(*text);
  if (!given.empty() && proxy_has_user(given) && given == shown_proxy(proxy.reveal())) return;
  if (!given.empty()) {
    if (auto wrong = proxy_fault(given)) return fields.fault("proxy", *std::move(wrong));
    if (given.substr(given.find("://") + 3).starts_with("...@")) {
      return fields.fault("proxy", "shows \"...\" in place of its user; write user and password");
    }
  }
  proxy = Secret(std::string(given));
  changes.push_back({secret_name::proxy, proxy_has_user(given) ? proxy : Secret()});
}

}  // namespace

Outcome<std::vector<SecretChange>> apply_account_fields(
    const json::object& object, provider::PrivateUpstreams private_upstreams,
    AccountSettings& account) {
  Faults faults;
  std::vector<SecretChange> changes;
  Fields fields(object, faults);
  const ProviderSpec* was = provider::find_provider(account.provider);
  const ProviderSpec* is = read_provider(fields, account.provider);
  read_base_url(fields, was, is, private_upstreams, account);
  read_given_credential(fields, private_upstreams, account.credential, changes);
  if (is != nullptr && is->needs_credential && account.credential.kind == Credential::Kind::none) {
    fields.fault("credential", "is missing; write \"credential\": {\"api_key\": \"...\"}");
  }
  read_given_proxy(fields, account.proxy, changes);
  read_plain_fields(fields, account);
  fields.refuse_unknown();
  if (auto wrong = faults.outcome(); !wrong) return std::unexpected(wrong.error());
  return changes;
}

json::object account_document(const AccountSettings& account) {
  json::object map;
  for (const auto& [from, to] : account.model_map) map[from] = to;
  json::object out;
  out["provider"] = account.provider;
  out["base_url"] = account.base_url;
  out["credential"] = credential_json(account.credential);
  out["priority"] = account.priority;
  out["weight"] = account.weight;
  out["max_concurrency"] = account.max_concurrency;
  out["models"] = json::value_from(account.models);
  out["model_map"] = std::move(map);
  out["pools"] = json::value_from(account.pools);
  out["cooling"] = cooling_json(account.cooling);
  out["proxy"] = shown_proxy(account.proxy.reveal());
  out["ca_file"] = account.ca_file;
  out["note"] = account.note;
  out["expires"] = time_text(account.expires);
  out["limits"] = limits_json(account.limits, Concurrency::elsewhere);
  out["budgets"] = budgets_json(account.budgets);
  out["connect_timeout_ms"] = account.connect_timeout.count();
  out["first_byte_timeout_ms"] = account.first_byte_timeout.count();
  out["idle_timeout_ms"] = account.idle_timeout.count();
  out["active_hours"] = active_hours_json(account.active_hours);
  out["time_zone"] = account.time_zone;
  out["disabled"] = account.disabled;
  return out;
}

Result<AccountSettings> read_account(const store::Object& object) {
  AccountSettings account;
  account.id = AccountId(object.id);
  account.name = object.name;
  CHECK_OK(read_document(store::Kind::account, object, [&](const json::object& document) {
    Faults faults;
    Fields fields(document, faults);
    (void)read_provider(fields, account.provider);
    fields.text("base_url", account.base_url, path_bytes_max);
    read_kept_credential(fields, account.credential);
    std::string proxy;
    fields.text("proxy", proxy, path_bytes_max);
    account.proxy = Secret(std::move(proxy));
    read_plain_fields(fields, account);
    fields.refuse_unknown();
    return faults.outcome();
  }));
  return account;
}

std::string_view hinted_secret(Credential::Kind kind) {
  switch (kind) {
    case Credential::Kind::none: return {};
    case Credential::Kind::api_key: return secret_name::api_key;
    case Credential::Kind::bearer_token: return secret_name::bearer_token;
    case Credential::Kind::oauth2: return secret_name::refresh_token;
  }
  return {};
}

}  // namespace sluice::admin
