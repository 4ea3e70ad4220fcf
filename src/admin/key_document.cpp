#include "admin/key_document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value_from.hpp>

#include "admin/document.hpp"
#include "admin/fields.hpp"
#include "admin/limits_document.hpp"
#include "base/log.hpp"
#include "base/names.hpp"
#include "identity/key_grammar.hpp"
#include "provider/providers.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;
using identity::Key;
using identity::PatternList;

constexpr std::size_t pools_max = 64;
constexpr std::size_t accounts_max = 64;
constexpr std::size_t tags_max = 32;
constexpr std::size_t cidrs_max = 256;
constexpr ListBounds models_bounds{.count_max = 256, .bytes_max = 256};
constexpr ListBounds user_agents_bounds{.count_max = 64, .bytes_max = 256};
constexpr std::size_t key_secret_bytes_max = 512;
constexpr std::size_t short_text_max = 64;

void read_patterns(Fields& fields, std::string_view name, PatternList& list, ListBounds bounds) {
  std::vector<std::string> patterns = list.patterns();
  fields.texts(name, patterns, bounds);
  list = PatternList(patterns);
}

void read_dialects(Fields& fields, std::vector<std::string>& dialects) {
  const std::vector<std::string> known(provider::dialect_names().begin(),
                                       provider::dialect_names().end());
  fields.texts("dialects", dialects, {.count_max = 16, .bytes_max = short_text_max});
  for (const std::string& dialect : dialects) {
    if (std::find(known.begin(), known.end(), dialect) != known.end()) continue;
    fields.fault("dialects", fmt::format("{} is none of {}{}", log::quoted(dialect),
                                         fmt::join(known, ", "), did_you_mean(dialect, known)));
  }
}

void read_networks(Fields& clients, std::vector<net::Network>& networks) {
  if (!clients.has("cidrs")) {
    (void)clients.find("cidrs");
    return;
  }
  std::vector<std::string> cidrs;
  clients.texts("cidrs", cidrs, {.count_max = cidrs_max, .bytes_max = short_text_max});
  networks.clear();
  for (const std::string& cidr : cidrs) {
    if (const auto network = net::Network::parse(cidr)) {
      networks.push_back(*network);
    } else {
      clients.fault("cidrs",
                    fmt::format("{} is no CIDR block such as \"10.0.0.0/8\"", log::quoted(cidr)));
    }
  }
}

void read_clients(Fields& fields, Key& key) {
  fields.object(
      "clients",
      [&](Fields& clients) {
        read_networks(clients, key.networks);
        read_patterns(clients, "user_agents", key.user_agents, user_agents_bounds);
        clients.refuse_unknown();
      },
      [&] {
        key.networks.clear();
        key.user_agents = PatternList();
      });
}

void read_expiry(Fields& fields, identity::Expiry& expiry) {
  if (!fields.has("expires")) {
    (void)fields.find("expires");
    return;
  }
  std::string text;
  fields.text("expires", text, short_text_max);
  if (const auto parsed = identity::parse_expiry(text)) {
    expiry = *parsed;
  } else {
    fields.fault("expires",
                 "must be a time such as \"2027-01-31T00:00:00Z\", or \"30d after first use\"");
  }
}

bool is_printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

Outcome<GivenKeySecret> key_secret_of(const json::value& value) {
  const json::string* text = value.if_string();
  if (text == nullptr || text->size() < key_secret_bytes_min ||
      text->size() > key_secret_bytes_max || !is_printable_ascii(*text)) {
    return refuse_field("secret",
                        fmt::format("must be {} to {} printable ASCII characters without blanks",
                                    key_secret_bytes_min, key_secret_bytes_max));
  }
  const Secret secret{std::string(*text)};
  return GivenKeySecret{.hash = sha256(secret.reveal()), .hint = secret.hint()};
}

}  // namespace

Outcome<void> apply_key_fields(const json::object& object, Key& key) {
  Faults faults;
  Fields fields(object, faults);
  fields.name("name", key.name);
  fields.text("owner", key.owner, short_text_max);
  fields.names("pools", key.pools, pools_max, {"default"});
  if (key.pools.empty()) fields.fault("pools", "must name at least one pool");
  fields.names("accounts", key.accounts, accounts_max);
  std::int64_t weight = key.weight;
  fields.integer("weight", weight, {.fallback = 1, .min = 1, .max = identity::key_weight_max});
  key.weight = static_cast<int>(weight);
  read_patterns(fields, "models", key.models, models_bounds);
  read_dialects(fields, key.dialects);
  read_clients(fields, key);
  read_limits(fields, key.limits, Concurrency::here);
  read_budgets(fields, key.budgets);
  read_expiry(fields, key.expiry);
  fields.text("time_zone", key.time_zone, short_text_max, Lines::one, "UTC");
  if (!identity::is_time_zone(key.time_zone)) {
    fields.fault("time_zone", "must be a name such as \"UTC\" or \"Europe/Berlin\"");
  }
  fields.names("tags", key.tags, tags_max);
  fields.text("note", key.note, note_bytes_max, Lines::many);
  fields.boolean("disabled", key.disabled);
  fields.refuse_unknown();
  return faults.outcome();
}

Outcome<std::optional<GivenKeySecret>> take_key_secret(json::object& fields) {
  std::optional<GivenKeySecret> out;
  const bool both = fields.contains("secret") && fields.contains("sha256");
  if (both) return refuse_field("sha256", "stands beside secret; a key has one of them");
  if (const json::value* secret = fields.if_contains("secret")) {
    TRY(out, key_secret_of(*secret));
    fields.erase("secret");
  }
  if (const json::value* hex = fields.if_contains("sha256")) {
    out.emplace();
    if (!hex->is_string() || !from_hex(hex->get_string(), out->hash)) {
      return refuse_field("sha256", "must be 64 hex digits");
    }
    fields.erase("sha256");
  }
  return out;
}

json::object key_document(const Key& key) {
  json::array cidrs;
  for (const net::Network& network : key.networks) cidrs.emplace_back(network.str());
  json::object out;
  out["pools"] = json::value_from(key.pools);
  out["accounts"] = json::value_from(key.accounts);
  out["weight"] = key.weight;
  out["models"] = json::value_from(key.models.patterns());
  out["dialects"] = json::value_from(key.dialects);
  out["clients"] = {{"cidrs", std::move(cidrs)},
                    {"user_agents", json::value_from(key.user_agents.patterns())}};
  out["limits"] = limits_json(key.limits, Concurrency::here);
  out["budgets"] = budgets_json(key.budgets);
  out["expires"] = identity::expiry_text(key.expiry);
  out["time_zone"] = key.time_zone;
  out["tags"] = json::value_from(key.tags);
  out["note"] = key.note;
  out["disabled"] = key.disabled;
  return out;
}

Result<Key> read_key(const store::Object& object) {
  Key key;
  key.id = KeyId(object.id);
  key.name = object.name;
  key.owner = object.owner;
  CHECK_OK(read_document(store::Kind::key, object, [&](const json::object& document) {
    return apply_key_fields(document, key);
  }));
  return key;
}

}  // namespace sluice::admin
