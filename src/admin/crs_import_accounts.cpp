#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include <array>

#include "admin/crs_import_plan.hpp"
#include "admin/crs_import_record.hpp"
#include "identity/key_grammar.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;

enum class Become : std::uint8_t { anthropic, openai, azure, gemini, bedrock, nothing };

struct Section {
  std::string_view name;
  std::string_view what;
  std::string_view platform;
  Become become;
  std::string_view salt;  // of the key of its secrets
  std::string_view why_not = {};
};

constexpr std::string_view no_logins =
    "a subscription login is not carried: sluice relays under the operator's own API credentials "
    "and never pretends to be another client; add an account with an API key";

constexpr std::array<Section, 13> sections = {{
    {"claudeConsoleAccounts", "Claude Console account", "claude", Become::anthropic,
     "claude-console-salt"},
    {"ccrAccounts", "CCR account", "claude", Become::anthropic, "ccr-account-salt"},
    {"bedrockAccounts", "Bedrock account", "claude", Become::bedrock, ""},
    {"openaiResponsesAccounts", "OpenAI Responses account", "openai", Become::openai,
     "openai-responses-salt"},
    {"azureOpenaiAccounts", "Azure OpenAI account", "openai", Become::azure,
     "azure-openai-account-default-salt"},
    {"geminiApiAccounts", "Gemini API account", "gemini", Become::gemini, "gemini-api-salt"},
    {"claudeAccounts", "Claude login", "claude", Become::nothing, "", no_logins},
    {"openaiAccounts", "ChatGPT login", "openai", Become::nothing, "", no_logins},
    {"openaiOAuthAccounts", "ChatGPT login", "openai", Become::nothing, "", no_logins},
    {"geminiAccounts", "Gemini login", "gemini", Become::nothing, "", no_logins},
    {"grokAccounts", "Grok login", "openai", Become::nothing, "", no_logins},
    {"droidAccounts", "Droid account", "droid", Become::nothing, "",
     "Factory's Droid service is no provider of sluice"},
    {"vertexAccounts", "Vertex account", "claude", Become::nothing, "",
     "service accounts of Google Cloud are not carried: add the account anew"},
}};

/// "https://host/v1/messages" of CRS is "https://host" here: the route is ours to add.
std::string base_of(std::string url, std::initializer_list<std::string_view> tails) {
  while (url.ends_with('/')) url.pop_back();
  for (const std::string_view tail : tails) {
    if (!url.ends_with(tail)) continue;
    url.resize(url.size() - tail.size());
    break;
  }
  while (url.ends_with('/')) url.pop_back();
  return url;
}

class AccountReader {
 public:
  AccountReader(const Section& section, const json::object& fields, CrsPlan& plan)
      : section_(section), plan_(plan), record_(fields, remarks_) {
    if (auto nested = record_.object("credentials")) credentials_ = *std::move(nested);
  }

  void read() {
    id_ = record_.text("id");
    const std::string there = record_.text("name");
    const std::string wanted = name_from(there, fallback_name());
    if (section_.become == Become::nothing) return leave_behind(wanted);
    name_ = plan_.unique_name("account", wanted);
    if (name_ != there) remarks_.push_back(fmt::format("it was called \"{}\" there", wanted));
    CrsObject object;
    object.fields["name"] = name_;
    read_target(object.fields);
    read_models(object.fields);
    read_rules(object.fields);
    read_pools(object.pools);
    if (const std::string note = note_from(note_); !note.empty()) object.fields["note"] = note;
    if (const auto created = record_.time("createdAt")) object.created = *created;
    finish(CrsReport::Carried::whole);
    object.line = plan_.report.lines.size() - 1;
    if (!id_.empty()) {
      plan_.origins[id_] = {name_, std::string(section_.platform), true, plan_.accounts.size()};
    }
    plan_.accounts.push_back(std::move(object));
  }

 private:
  std::string fallback_name() const {
    return fmt::format("{} {}", section_.what, name_from(id_.substr(0, 8), "unnamed"));
  }

  void leave_behind(const std::string& name) {
    name_ = name;
    remarks_.emplace_back(section_.why_not);
    if (!id_.empty()) plan_.origins[id_] = {name_, std::string(section_.platform), false, 0};
    plan_.report.lines.push_back(
        {"account", name_, source(), CrsReport::Carried::not_at_all, false, std::move(remarks_)});
  }

  std::string source() const {
    return id_.empty() ? std::string(section_.name)
                       : fmt::format("{} {}", section_.name, name_from(id_, "?"));
  }

  void finish(CrsReport::Carried carried) {
    record_.pass_over({"platform",
                       "kind",
                       "authType",
                       "status",
                       "errorMessage",
                       "lastUsedAt",
                       "createdAt",
                       "updatedAt",
                       "rateLimitedAt",
                       "rateLimitStatus",
                       "rateLimitDuration",
                       "rateLimitResetAt",
                       "rateLimitUntil",
                       "rateLimitAutoStopped",
                       "quotaAutoStopped",
                       "autoStoppedAt",
                       "stoppedReason",
                       "unauthorizedAt",
                       "unauthorizedCount",
                       "tempUnavailableAt",
                       "tempUnavailableUntil",
                       "blockedAt",
                       "overloadedAt",
                       "dailyUsage",
                       "lastResetDate",
                       "quotaStoppedAt",
                       "userAgent",
                       "noFailover",
                       "disableAutoProtection",
                       "totalUsedTokens",
                       "extra",
                       "type",
                       "groupId",
                       "groupIds"});
    record_.tell_unknown(section_.name, plan_.unknown);
    if (!remarks_.empty() && carried == CrsReport::Carried::whole) {
      carried = CrsReport::Carried::in_part;
    }
    plan_.report.lines.push_back({"account", name_, source(), carried, false, std::move(remarks_)});
  }

  std::string credential_text(std::string_view plain, std::string_view nested) {
    if (const auto* value = credentials_.if_contains(nested);
        value != nullptr && value->is_string()) {
      return std::string(value->get_string());
    }
    return record_.text(plain);
  }

  /// The API key in the clear; empty and remarked where it isn't to be had.
  std::string api_key() {
    std::string text = credential_text("apiKey", "api_key");
    if (is_crs_sealed(text)) {
      const auto opened = plan_.cipher.open(text, section_.salt);
      (opened ? plan_.any_opened : plan_.any_left_sealed) = true;
      if (opened) return std::string(opened->reveal());
      miss_credential(plan_.cipher.has_key()
                          ? "its API key doesn't open with the encryption key given"
                          : "its API key is encrypted and no encryption key was given");
      return {};
    }
    if (text.empty()) miss_credential("there is no API key in the file");
    if (is_redacted(text)) {
      miss_credential("its API key is redacted in the file");
      return {};
    }
    return text;
  }

  void miss_credential(std::string why) {
    remarks_.push_back(why +
                       ": the account is disabled until you set one (account set --api-key) and "
                       "enable it");
  }

  void set_credential(json::object& fields, std::string_view kind, std::string secret) {
    if (secret.empty()) return;
    fields["credential"] = json::object{{kind, secret}};
  }

  void read_target(json::object& fields) {
    switch (section_.become) {
      case Become::anthropic: return read_anthropic(fields);
      case Become::openai: return read_openai(fields);
      case Become::azure: return read_azure(fields);
      case Become::gemini: return read_gemini(fields);
      case Become::bedrock: return read_bedrock(fields);
      case Become::nothing: return;
    }
  }

  void read_anthropic(json::object& fields) {
    const std::string url = base_of(credential_text("apiUrl", "base_url"), {"/v1/messages", "/v1"});
    const bool own = url == "https://api.anthropic.com";
    fields["provider"] = own ? "anthropic" : "anthropic-compatible";
    fields["base_url"] = url;
    std::string key = api_key();
    // As CRS sends it: keys of Anthropic's form as x-api-key, others as a bearer token.
    const bool bearer = !key.starts_with("sk-ant-");
    set_credential(fields, bearer ? "bearer_token" : "api_key", std::move(key));
  }

  void read_openai(json::object& fields) {
    const std::string url =
        base_of(credential_text("baseApi", "base_url"), {"/v1/responses", "/responses", "/v1"});
    fields["provider"] = url == "https://api.openai.com" ? "openai" : "openai-compatible";
    fields["base_url"] = url;
    set_credential(fields, "api_key", api_key());
    record_.pass_over({"providerEndpoint"});
  }

  void read_azure(json::object& fields) {
    fields["provider"] = "azure-openai";
    fields["base_url"] = base_of(record_.text("azureEndpoint"), {"/openai"});
    set_credential(fields, "api_key", api_key());
    const std::string deployment = name_from(record_.text("deploymentName"), "");
    const std::string version = name_from(record_.text("apiVersion"), "");
    if (!deployment.empty() || !version.empty()) {
      add_note(fmt::format("deployment {}, api-version {}", deployment, version));
      remarks_.push_back(
          fmt::format("deployment \"{}\" and api-version \"{}\" stand in its note: clients say "
                      "them in the path",
                      deployment, version));
    }
  }

  void read_gemini(json::object& fields) {
    const std::string url =
        base_of(record_.text("baseUrl"), {"/v1beta/models", "/v1/models", "/v1beta", "/v1"});
    fields["provider"] = "gemini";
    if (!url.empty()) fields["base_url"] = url;
    set_credential(fields, "api_key", api_key());
  }

  void read_bedrock(json::object& fields) {
    const std::string region = name_from(record_.text("region"), "us-east-1");
    fields["provider"] = "bedrock";
    fields["base_url"] = fmt::format("https://bedrock-runtime.{}.amazonaws.com", region);
    const std::string kind = record_.text("credentialType");
    record_.pass_over({"defaultModel", "hasCredentials"});
    const auto credentials = record_.object("awsCredentials");
    const std::string token = bedrock_token(credentials);
    if (!token.empty()) return set_credential(fields, "bearer_token", token);
    if (kind == "access_key" || credentials) {
      return miss_credential("its AWS access key is not carried");
    }
    miss_credential("it used the AWS credentials of the machine it ran on");
  }

  std::string bedrock_token(const std::optional<json::object>& credentials) {
    const json::value plain = record_.any("bearerToken");
    std::optional<json::object> sealed = credentials;
    if (plain.is_object()) sealed = plain.get_object();
    if (plain.is_string() && !is_redacted(std::string_view(plain.get_string()))) {
      return std::string(plain.get_string());
    }
    if (!sealed) return {};
    if (const auto token = text_in(*sealed, "bearerToken"); !token.empty()) return token;
    const std::string iv = text_in(*sealed, "iv");
    const std::string ciphertext = text_in(*sealed, "encrypted");
    if (iv.empty() || ciphertext.empty()) return {};
    const auto opened = plan_.cipher.open_bedrock(iv, ciphertext);
    (opened ? plan_.any_opened : plan_.any_left_sealed) = true;
    if (!opened) return {};
    boost::system::error_code failed;
    const json::value value = json::parse(opened->reveal(), failed);
    if (failed) return plain.is_object() ? std::string(opened->reveal()) : std::string();
    const json::object* const object = value.if_object();
    return object != nullptr ? text_in(*object, "bearerToken") : std::string();
  }

  static std::string text_in(const json::object& object, std::string_view name) {
    const json::value* const value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                  : std::string();
  }

  void read_models(json::object& fields) {
    json::value models = record_.any("supportedModels");
    if (const auto* mapping = credentials_.if_contains("model_mapping")) models = *mapping;
    json::array names;
    json::object map;
    if (const auto* list = models.if_array()) {
      for (const json::value& name : *list) {
        if (name.is_string() && !name.get_string().empty()) names.push_back(name);
      }
    } else if (const auto* pairs = models.if_object()) {
      for (const auto& [from, to] : *pairs) {
        if (from.empty() || !to.is_string() || to.get_string().empty()) continue;
        names.emplace_back(from);
        if (std::string_view(to.get_string()) != std::string_view(from)) map[from] = to;
      }
    } else if (!models.is_null()) {
      remarks_.emplace_back("its list of models isn't understood: it serves all models");
    }
    if (!names.empty()) fields["models"] = names;
    if (!map.empty()) fields["model_map"] = map;
  }

  void read_rules(json::object& fields) {
    const std::int64_t priority = record_.whole_number("priority");
    fields["priority"] = priority == 0 ? 50 : std::min<std::int64_t>(priority, 1'000'000);
    if (const auto most = record_.whole_number("maxConcurrentTasks"); most > 0) {
      fields["max_concurrency"] = std::min<std::int64_t>(most, 1'000'000);
    }
    if (const std::string quota = record_.amount("dailyQuota"); !quota.empty()) {
      fields["budgets"] = json::object{{"day", quota}};
      fields["time_zone"] = plan_.options.time_zone;
      const std::string reset = record_.text("quotaResetTime");
      if (!reset.empty() && reset != "00:00") {
        remarks_.push_back(fmt::format("its daily budget begins anew at midnight, not at {}",
                                       name_from(reset, "?")));
      }
    } else {
      record_.pass_over({"quotaResetTime"});
    }
    if (const auto end = record_.time("subscriptionExpiresAt")) {
      fields["expires"] = identity::rfc3339_text(*end);
    }
    const bool active = record_.flag("isActive", true);
    const bool schedulable = record_.flag("schedulable", true);
    if (!active || !schedulable) fields["disabled"] = true;
    if (active && !schedulable) {
      remarks_.emplace_back("it took no requests there (schedulable was off), so it is disabled");
    }
    const Secret proxy = crs_proxy(record_.any("proxy"), remarks_);
    if (!proxy.empty()) fields["proxy"] = proxy.reveal();
    add_note(record_.text("description"));
  }

  void read_pools(std::vector<std::string>& pools) {
    const std::string type = record_.text("accountType");
    const auto [first, last] = plan_.grouped.equal_range(id_);
    for (auto group = first; group != last; ++group) pools.push_back(group->second);
    if (type == "dedicated" || (type == "group" && pools.empty())) {
      pools.push_back(plan_.pool_of_account(name_));
    }
    if (type == "group" && first == last) {
      remarks_.push_back(fmt::format(
          "its groups aren't in the file: it is in the pool \"{}\" alone", pools.back()));
    }
    if (type.empty() || type == "shared") pools.emplace_back("default");
    if (pools.empty()) pools.emplace_back("default");
  }

  void add_note(std::string_view text) {
    if (text.empty()) return;
    if (!note_.empty()) note_ += "; ";
    note_ += text;
  }

  const Section& section_;
  CrsPlan& plan_;
  std::vector<std::string> remarks_;
  CrsRecord record_;
  json::object credentials_;
  std::string id_;
  std::string name_;
  std::string note_;
};

}  // namespace

void plan_crs_accounts(const json::object& data, CrsPlan& plan) {
  for (const Section& section : sections) {
    for (const json::object* record : crs_records(data, section.name, plan.report)) {
      AccountReader(section, *record, plan).read();
    }
  }
}

}  // namespace sluice::admin
