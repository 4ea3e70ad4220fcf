#include <fmt/format.h>
#include <boost/json/array.hpp>

#include <algorithm>
#include <array>

#include "admin/crs_import_plan.hpp"
#include "admin/crs_import_record.hpp"
#include "identity/key_grammar.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;

struct Platform {
  std::string_view name;
  std::initializer_list<std::string_view> dialects;
  std::initializer_list<std::string_view> bindings;  // fields that name an account of it
};

const std::array<Platform, 3>& platforms() {
  static const std::array<Platform, 3> all = {{
      {"claude",
       {"anthropic"},
       {"claudeAccountId", "claudeConsoleAccountId", "bedrockAccountId", "ccrAccountId",
        "vertexAccountId"}},
      {"openai", {"openai-chat", "openai-responses"}, {"openaiAccountId", "azureOpenaiAccountId"}},
      {"gemini", {"gemini"}, {"geminiAccountId"}},
  }};
  return all;
}

struct Client {
  std::string_view id;
  std::initializer_list<std::string_view> user_agents;
};

// Source: src/validators/clients/*.js of CRS, read 2026-11-24.
const std::array<Client, 3>& known_clients() {
  static const std::array<Client, 3> all = {{
      {"claude_code", {"claude-cli/*"}},
      {"gemini_cli", {"GeminiCLI/*"}},
      {"codex_cli", {"codex_vscode/*", "codex_cli_rs/*", "codex_exec/*"}},
  }};
  return all;
}

json::array array_of(const std::vector<std::string>& texts) {
  json::array out;
  for (const std::string& text : texts) out.emplace_back(text);
  return out;
}

class KeyReader {
 public:
  KeyReader(const json::object& fields, CrsPlan& plan) : plan_(plan), record_(fields, remarks_) {}

  void read() {
    id_ = record_.text("id");
    const std::string there = record_.text("name");
    const std::string wanted = name_from(there, "key " + name_from(id_.substr(0, 8), "unnamed"));
    count_statistics();
    if (record_.flag("isDeleted", false)) return leave_behind(wanted, "it was deleted there");
    name_ = plan_.unique_name("key", wanted);
    if (name_ != there) remarks_.push_back(fmt::format("it was called \"{}\" there", wanted));
    fields_["name"] = name_;
    read_secret();
    read_limits();
    read_expiry();
    read_permissions();
    read_rules();
    read_owner();
    if (!record_.flag("isActive", false)) fields_["disabled"] = true;
    if (unsafe_) fields_["disabled"] = true;
    const auto created = record_.time("createdAt");
    finish();
    plan_.keys.push_back({std::move(fields_), std::move(pools_), hash_, owner_,
                          created.value_or(WallTime{}), plan_.report.lines.size() - 1});
  }

 private:
  void leave_behind(const std::string& name, std::string why) {
    plan_.report.lines.push_back(
        {"key", name, source(), CrsReport::Carried::not_at_all, false, {std::move(why)}});
  }

  std::string source() const { return "apiKeys " + name_from(id_, "?"); }

  void finish() {
    record_.pass_over({"createdBy", "lastUsedAt", "icon", "updatedAt", "isDeleted", "deletedAt",
                       "deletedBy", "deletedByType", "weeklyResetDay", "weeklyResetHour",
                       "enableOpenAIResponsesCodexAdaptation", "ccrAccountId"});
    record_.tell_unknown("apiKeys", plan_.unknown);
    const auto carried = remarks_.empty() ? CrsReport::Carried::whole : CrsReport::Carried::in_part;
    plan_.report.lines.push_back({"key", name_, source(), carried, false, std::move(remarks_)});
  }

  /// What it must not become by being carried in part: more than it was. It waits until somebody has looked.
  void hold_back(std::string why) {
    unsafe_ = true;
    remarks_.push_back(std::move(why) + ": the key is disabled until you have looked at it");
  }

  void count_statistics() {
    const json::value statistics = record_.any("usageStats");
    const json::object* const parts = statistics.if_object();
    if (parts == nullptr) return;
    for (const auto& [name, part] : *parts) {
      if (const json::object* const rows = part.if_object()) {
        plan_.report.usage_records += name == "total" ? (rows->empty() ? 0 : 1) : rows->size();
      }
    }
  }

  void read_secret() {
    const std::string text = record_.text("apiKey");
    constexpr std::string_view remedy =
        ": make it a new secret (sluice key rotate) and give it to its client";
    if (text.empty() || is_redacted(text)) {
      remarks_.push_back(
          fmt::format("its secret is {} in the file{}", text.empty() ? "not" : "redacted", remedy));
      return;
    }
    Sha256 hash{};
    if (!from_hex(text, hash)) {
      hash_ = sha256(text);  // CRS files made by hand may hold the key itself
      return;
    }
    if (!plan_.cipher.has_key()) {
      remarks_.push_back(
          fmt::format("CRS knows it by a hash that needs its encryption key{}", remedy));
      return;
    }
    hash_ = hash;
    plan_.any_peppered = true;
  }

  void read_limits() {
    json::object limits;
    if (const auto most = record_.whole_number("concurrencyLimit"); most > 0) {
      limits["concurrency"] = std::min<std::int64_t>(most, 1'000'000);
    }
    const std::int64_t minutes = record_.whole_number("rateLimitWindow");
    const std::int64_t requests = record_.whole_number("rateLimitRequests");
    const std::int64_t tokens = record_.whole_number("tokenLimit");
    const std::string cost = record_.amount("rateLimitCost");
    json::object budgets;
    if (minutes > 0 && minutes <= 1'000'000) {
      const std::string window = identity::window_text(std::chrono::minutes(minutes));
      if (requests > 0) limits["requests"] = fmt::format("{}/{}", requests, window);
      if (tokens > 0) limits["total_tokens"] = fmt::format("{}/{}", tokens, window);
      if (!cost.empty()) budgets[window] = cost;
    } else if (requests > 0 || tokens > 0 || !cost.empty()) {
      remarks_.emplace_back(
          "its limits of requests, tokens and cost had no window (rateLimitWindow), so they did "
          "nothing there and are left out");
    }
    const std::string day = record_.amount("dailyCostLimit");
    if (!day.empty()) {
      budgets["day"] = day;
      fields_["time_zone"] = plan_.options.time_zone;
    }
    if (const std::string total = record_.amount("totalCostLimit"); !total.empty()) {
      budgets["total"] = total;
      remarks_.push_back(fmt::format(
          "its total budget of {} USD begins anew: what was spent there isn't counted", total));
    }
    for (const std::string_view name : {"weeklyOpusCostLimit", "dailyOpusCostLimit"}) {
      if (const std::string opus = record_.amount(name); !opus.empty()) {
        remarks_.push_back(
            fmt::format("{} of {} USD is not carried: budgets here count all models", name, opus));
      }
    }
    if (const auto rates = record_.object("serviceRates"); rates && !rates->empty()) {
      remarks_.emplace_back("its price factors (serviceRates) are not carried");
    }
    if (record_.flag("enableOpenAIResponsesPayloadRules", false)) {
      remarks_.emplace_back("its rules that change request bodies are not carried");
    }
    record_.pass_over({"openaiResponsesPayloadRules"});
    if (!limits.empty()) fields_["limits"] = limits;
    if (!budgets.empty()) fields_["budgets"] = budgets;
  }

  void read_expiry() {
    const std::string mode = record_.text("expirationMode");
    const bool activated = record_.flag("isActivated", mode != "activation");
    const std::int64_t count = record_.whole_number("activationDays");
    const std::string unit = record_.text("activationUnit");
    const auto at = record_.time("expiresAt");
    record_.pass_over({"activatedAt"});
    if (mode == "activation" && !activated) {
      if (count <= 0 || count > 100'000) {
        return hold_back("it was to end some time after its first use, but not how long");
      }
      fields_["expires"] = fmt::format("{}{} after first use", count, unit == "hours" ? "h" : "d");
    } else if (at) {
      fields_["expires"] = identity::rfc3339_text(*at);
    } else if (record_.has("expiresAt")) {
      hold_back("its end isn't understood");
    }
  }

  std::vector<std::string> permissions() {
    const json::value value = record_.any("permissions");
    std::vector<std::string> out;
    if (const json::array* const list = value.if_array()) {
      for (const json::value& item : *list) {
        out.push_back(item.is_string() ? std::string(item.get_string()) : "?");
      }
    } else if (value.is_string()) {
      ascii_split(std::string_view(value.get_string()), out);
    } else if (!value.is_null()) {
      out.emplace_back("?");
    }
    if (out.size() == 1 && out.front() == "all") out.clear();
    return out;
  }

  static void ascii_split(std::string_view text, std::vector<std::string>& out) {
    while (!text.empty()) {
      const auto comma = text.find(',');
      const std::string name = name_from(text.substr(0, comma), "");
      if (!name.empty()) out.push_back(name);
      if (comma == std::string_view::npos) return;
      text.remove_prefix(comma + 1);
    }
  }

  /// Which platforms it may call, and for each which accounts serve it.
  void read_permissions() {
    const std::vector<std::string> allowed = permissions();
    std::vector<std::string> dialects;
    std::vector<std::string> bound;
    std::vector<std::string> unbound;
    for (const Platform& platform : platforms()) {
      std::vector<std::string> pools;
      for (const std::string_view field : platform.bindings) bind(field, platform.name, pools);
      const bool may = allowed.empty() ||
                       std::find(allowed.begin(), allowed.end(), platform.name) != allowed.end();
      if (!may) continue;
      dialects.insert(dialects.end(), platform.dialects.begin(), platform.dialects.end());
      if (pools.empty()) unbound.emplace_back(platform.name);
      bound.insert(bound.end(), pools.begin(), pools.end());
    }
    if (record_.has("droidAccountId")) remarks_.emplace_back("its Droid account is not carried");
    for (const std::string& name : allowed) {
      const bool known = std::any_of(platforms().begin(), platforms().end(),
                                     [&](const Platform& p) { return p.name == name; });
      if (!known) {
        remarks_.push_back(
            fmt::format("the permission \"{}\" has no counterpart here", name_from(name, "?")));
      }
    }
    pools_ = {"default"};
    if (!allowed.empty()) {
      if (dialects.empty()) return hold_back("none of its permissions has a counterpart here");
      fields_["dialects"] = array_of(dialects);
    }
    if (bound.empty()) return;
    // Only what it was bound to, and beside it the shared accounts of the platforms where it wasn't bound.
    pools_ = bound;
    for (const std::string& platform : unbound) pools_.push_back("shared " + platform);
    std::sort(pools_.begin(), pools_.end());
    pools_.erase(std::unique(pools_.begin(), pools_.end()), pools_.end());
  }

  void bind(std::string_view field, std::string_view platform, std::vector<std::string>& pools) {
    std::string id = record_.text(field);
    if (id.empty()) return;
    if (id.starts_with("group:")) {
      id.erase(0, 6);
      if (const auto group = plan_.groups.find(id); group != plan_.groups.end()) {
        pools.push_back(group->second);
        return;
      }
      const std::string name =
          plan_.unique_name("pool", "group " + name_from(id.substr(0, 8), "?"));
      plan_.groups[id] = name;
      plan_.pools[name] = fmt::format("a group of {} accounts of CRS", platform);
      remarks_.push_back(
          fmt::format("it was bound to a group that isn't in the file: put accounts into the pool "
                      "\"{}\"",
                      name));
      pools.push_back(name);
      return;
    }
    for (const std::string_view prefix : {"responses:", "api:"}) {
      if (id.starts_with(prefix)) id.erase(0, prefix.size());
    }
    const auto origin = plan_.origins.find(id);
    const bool carried = origin != plan_.origins.end() && origin->second.carried;
    const std::string name = origin != plan_.origins.end()
                                 ? origin->second.name
                                 : "account " + name_from(id.substr(0, 8), "?");
    const std::string pool = plan_.pool_of_account(name);
    if (carried) {
      auto& of_account = plan_.accounts[origin->second.index].pools;
      if (std::find(of_account.begin(), of_account.end(), pool) == of_account.end()) {
        of_account.push_back(pool);
      }
    } else {
      remarks_.push_back(fmt::format(
          "it was bound to \"{}\", which isn't carried: put an account into the pool \"{}\"", name,
          pool));
    }
    pools.push_back(pool);
  }

  void read_rules() {
    const bool restricts_models = record_.flag("enableModelRestriction", false);
    const std::vector<std::string> models = record_.texts("restrictedModels");
    if (restricts_models) {
      json::array patterns;
      for (const std::string& model : models) patterns.emplace_back("!" + model);
      if (!patterns.empty()) fields_["models"] = patterns;
      if (patterns.empty() && record_.has("restrictedModels") &&
          !is_empty_list("restrictedModels")) {
        hold_back("the models refused to it aren't understood");
      }
    }
    const bool restricts_clients = record_.flag("enableClientRestriction", false);
    const std::vector<std::string> clients = record_.texts("allowedClients");
    if (restricts_clients) read_clients(clients);
    if (const auto tags = record_.texts("tags"); !tags.empty()) fields_["tags"] = array_of(tags);
    const std::string note = note_from(record_.text("description"));
    if (!note.empty()) fields_["note"] = note;
  }

  bool is_empty_list(std::string_view name) {
    const json::value value = record_.any(name);
    return value.is_array() && value.get_array().empty();
  }

  void read_clients(const std::vector<std::string>& clients) {
    std::vector<std::string> user_agents;
    for (const std::string& id : clients) {
      const auto known = std::find_if(known_clients().begin(), known_clients().end(),
                                      [&](const Client& client) { return client.id == id; });
      if (known == known_clients().end()) {
        remarks_.push_back(fmt::format("the client \"{}\" isn't known here", name_from(id, "?")));
        continue;
      }
      user_agents.insert(user_agents.end(), known->user_agents.begin(), known->user_agents.end());
    }
    if (!user_agents.empty()) {
      fields_["clients"] = json::object{{"user_agents", array_of(user_agents)}};
      remarks_.emplace_back("its clients are told by their user agent alone");
    } else if (record_.has("allowedClients") && !is_empty_list("allowedClients")) {
      hold_back("the clients allowed to it aren't understood");
    }
  }

  void read_owner() {
    owner_ = name_from(record_.text("userUsername"), "");
    const bool owned = record_.has("userId") || !owner_.empty();
    if (owned && owner_.empty()) remarks_.emplace_back("its owner's name isn't in the file");
    if (!owner_.empty()) plan_.users.try_emplace(owner_, true);
  }

  CrsPlan& plan_;
  std::vector<std::string> remarks_;
  CrsRecord record_;
  json::object fields_;
  std::vector<std::string> pools_;
  std::optional<Sha256> hash_;
  std::string id_;
  std::string name_;
  std::string owner_;
  bool unsafe_ = false;
};

}  // namespace

void plan_crs_keys(const json::object& data, CrsPlan& plan) {
  for (const json::object* record : crs_records(data, "apiKeys", plan.report)) {
    KeyReader(*record, plan).read();
  }
  // Keys bound on one platform only reach the shared accounts of another through a pool of theirs.
  for (const Platform& platform : platforms()) {
    const std::string pool = fmt::format("shared {}", platform.name);
    const bool used = std::any_of(plan.keys.begin(), plan.keys.end(), [&](const CrsObject& key) {
      return std::find(key.pools.begin(), key.pools.end(), pool) != key.pools.end();
    });
    if (!used) continue;
    plan.pools[pool] = fmt::format("the shared {} accounts of CRS", platform.name);
    for (const auto& [id, origin] : plan.origins) {
      if (!origin.carried || origin.platform != platform.name) continue;
      auto& pools = plan.accounts[origin.index].pools;
      if (std::find(pools.begin(), pools.end(), "default") != pools.end()) pools.push_back(pool);
    }
  }
}

}  // namespace sluice::admin
