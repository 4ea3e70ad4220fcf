#include "admin/crs_import.hpp"

#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <map>

#include "admin/account_document.hpp"
#include "admin/crs_import_plan.hpp"
#include "admin/key_document.hpp"
#include "admin/pool_document.hpp"
#include "admin/portable_bundle.hpp"
#include "admin/portable_transact.hpp"
#include "admin/user_document.hpp"
#include "base/names.hpp"
#include "base/ulid.hpp"
#include "identity/key_grammar.hpp"
#include "provider/providers.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;
using Carried = CrsReport::Carried;

/// Makes the objects of a plan ready to be written. What can't be made of one is its line of the report.
class Bundler {
 public:
  Bundler(CrsPlan& plan, WallTime now)
      : plan_(plan), now_(now), random_(SeededRandom::from_system()) {}

  [[nodiscard]] Bundle bundle() {
    Bundle out;
    for (const auto& [name, active] : plan_.users) add_user(name, active, out);
    add_pools(out);
    for (CrsObject& account : plan_.accounts) add_account(account, out);
    for (CrsObject& key : plan_.keys) add_key(key, out);
    if (plan_.any_peppered) {
      out.key_suffixes.push_back({"suffix_0", plan_.options.encryption_key});
    }
    return out;
  }

 private:
  PortableObject made(store::Kind kind, std::string name, WallTime created) {
    PortableObject out;
    out.kind = kind;
    out.id = Ulid::make(now_, random_).str();
    out.name = std::move(name);
    out.created = created == WallTime{} ? now_ : created;
    out.updated = now_;
    return out;
  }

  void add_user(const std::string& name, bool active, Bundle& out) {
    User user;
    user.role = identity::Role::member;
    user.disabled = !active;
    PortableObject object = made(store::Kind::user, name, {});
    object.document = user_document(user);
    user_ids_[name] = object.id;
    out.objects.push_back(std::move(object));
    plan_.report.lines.push_back({"user",
                                  name,
                                  "userUsername",
                                  Carried::in_part,
                                  false,
                                  {"a member without a password: set one (user reset-password)"}});
  }

  void add_pools(Bundle& out) {
    for (const auto& [name, note] : plan_.pools) {
      Pool pool;
      pool.note = note;
      PortableObject object = made(store::Kind::pool, name, {});
      object.document = pool_document(pool);
      out.objects.push_back(std::move(object));
    }
  }

  CrsReport::Line& line_of(const CrsObject& object) { return plan_.report.lines[object.line]; }

  void leave_out(const CrsObject& object, const Refusal& why) {
    CrsReport::Line& line = line_of(object);
    line.carried = Carried::not_at_all;
    line.remarks = {why.field.empty() ? why.message : fmt::format("{} {}", why.field, why.message)};
  }

  static json::array array_of(const std::vector<std::string>& texts) {
    return json::array(texts.begin(), texts.end());
  }

  void add_account(CrsObject& planned, Bundle& out) {
    provider::AccountSettings settings;
    const bool has_credential = planned.fields.contains("credential");
    if (!has_credential) {
      planned.fields["credential"] = json::object{{"api_key", "stands-for-one-that-is-missing"}};
    }
    planned.fields["pools"] = array_of(planned.pools);
    auto changes = apply_account_fields(planned.fields, plan_.options.private_upstreams, settings);
    if (!changes) return leave_out(planned, changes.error());
    PortableObject object = made(store::Kind::account, settings.name, planned.created);
    for (SecretChange& change : *changes) {
      if (change.secret.empty()) continue;
      std::optional<Secret> secret = std::move(change.secret);
      if (!has_credential && change.name == secret_name::api_key) secret.reset();
      object.secrets.push_back({std::string(change.name), std::move(secret)});
    }
    const auto* spec = provider::find_provider(settings.provider);
    if (spec != nullptr && !spec->served) {
      remark(planned, fmt::format("this version does not serve {} yet: the account stays idle",
                                  settings.provider));
    }
    object.document = account_document(settings);
    out.objects.push_back(std::move(object));
  }

  void add_key(CrsObject& planned, Bundle& out) {
    identity::Key key;
    planned.fields["pools"] = array_of(planned.pools);
    if (auto applied = apply_key_fields(planned.fields, key); !applied) {
      return leave_out(planned, applied.error());
    }
    if (planned.hash && !hashes_.insert(*planned.hash).second) {
      remark(planned,
             "another key of the file has the same secret: make it a new one (key rotate)");
      planned.hash.reset();
    }
    PortableObject object = made(store::Kind::key, key.name, planned.created);
    object.document = key_document(key);
    if (!planned.owner.empty()) object.owner = user_ids_.at(planned.owner);
    if (planned.hash) {
      object.hashes.push_back({*planned.hash, object.id, "", object.created, std::nullopt});
    }
    out.objects.push_back(std::move(object));
  }

  void remark(const CrsObject& object, std::string text) {
    CrsReport::Line& line = line_of(object);
    line.remarks.push_back(std::move(text));
    if (line.carried == Carried::whole) line.carried = Carried::in_part;
  }

  CrsPlan& plan_;
  WallTime now_;
  SeededRandom random_;
  std::map<std::string, std::string, std::less<>> user_ids_;
  std::set<Sha256> hashes_;
};

Outcome<json::object> parse_file(std::string_view text) {
  if (text.size() > import_bytes_max) {
    return refuse(Errc::invalid_request,
                  fmt::format("the file has more than {} MiB", import_bytes_max >> 20));
  }
  boost::system::error_code failed;
  json::value value = json::parse(text, failed);
  if (failed || !value.is_object()) {
    return refuse(
        Errc::invalid_request,
        "the file is no JSON object: it is something else, or was cut (CSV exports can't be read)");
  }
  return std::move(value.get_object());
}

/// {"metadata", "data"} of the scripts, {"success", "data"} of the admin API.
Outcome<json::object> data_of(const json::object& file) {
  if (file.contains("format")) {
    return refuse(
        Errc::invalid_request,
        "this is no file of claude-relay-service; for an export of sluice, use sluice import FILE");
  }
  const json::value* const data = file.if_contains("data");
  if (data == nullptr || !data->is_object()) {
    return refuse(Errc::invalid_request,
                  "this is no file of claude-relay-service: there is no object \"data\" in it");
  }
  return data->get_object();
}

void tell_unknown_sections(const json::object& data, CrsPlan& plan) {
  constexpr std::array<std::string_view, 18> known = {"apiKeys",
                                                      "claudeAccounts",
                                                      "geminiAccounts",
                                                      "admins",
                                                      "globalModelStats",
                                                      "claudeConsoleAccounts",
                                                      "ccrAccounts",
                                                      "bedrockAccounts",
                                                      "openaiAccounts",
                                                      "openaiOAuthAccounts",
                                                      "openaiResponsesAccounts",
                                                      "azureOpenaiAccounts",
                                                      "geminiApiAccounts",
                                                      "grokAccounts",
                                                      "droidAccounts",
                                                      "vertexAccounts",
                                                      "accountGroups",
                                                      "users"};
  for (const auto& [name, value] : data) {
    if (std::find(known.begin(), known.end(), std::string_view(name)) != known.end() ||
        name == "exportedAt") {
      continue;
    }
    const std::size_t count = value.is_array() ? value.get_array().size() : 1;
    plan.unknown.insert(fmt::format("data.{} ({})", std::string_view(name).substr(0, 80), count));
  }
}

void count_global_statistics(const json::object& data, CrsReport& report) {
  const json::value* const statistics = data.if_contains("globalModelStats");
  if (statistics == nullptr || !statistics->is_object()) return;
  for (const auto& [name, part] : statistics->get_object()) {
    if (const json::object* const rows = part.if_object()) report.usage_records += rows->size();
  }
}

void add_notes(const json::object& file, CrsPlan& plan) {
  CrsReport& report = plan.report;
  const json::value* const metadata = file.if_contains("metadata");
  const json::object* const facts = metadata != nullptr ? metadata->if_object() : nullptr;
  const json::value* const sanitized = facts != nullptr ? facts->if_contains("sanitized") : nullptr;
  if (sanitized != nullptr && *sanitized == json::value(true)) {
    report.notes.emplace_back(
        "the file was exported with --sanitize: it holds no secrets. Export again without it");
  }
  if (plan.any_peppered) {
    report.notes.emplace_back(
        "the encryption key of CRS is kept, sealed, so that its keys are recognised: a wrong one "
        "can't be "
        "told from a right one here, so try one of the keys");
  }
}

std::string_view to_text(Carried carried) {
  switch (carried) {
    case Carried::whole: return "whole";
    case Carried::in_part: return "in_part";
    case Carried::not_at_all: return "not_at_all";
  }
  return {};
}

/// What was skipped because it is here already.
void mark_skipped(const ImportReport& imported, CrsReport& report) {
  for (const ImportReport::Line& done : imported.lines) {
    if (done.done != ImportReport::Done::skipped) continue;
    for (CrsReport::Line& line : report.lines) {
      if (line.kind == store::to_string(done.kind) && line.name == done.name &&
          line.carried != Carried::not_at_all) {
        line.skipped = true;
      }
    }
  }
}

}  // namespace

Outcome<CrsReport> import_crs(store::Database& database, store::SecretBox& secrets,
                              const Clock& clock, const Actor& actor, std::string_view document,
                              const CrsOptions& options) {
  if (!identity::is_time_zone(options.time_zone)) {
    return refuse_field("time_zone", "must be a name such as \"UTC\" or \"Europe/Berlin\"");
  }
  TRY(const json::object file, parse_file(document));
  TRY(const json::object data, data_of(file));
  CrsReport report;
  report.dry_run = options.dry_run == DryRun::yes;
  CrsPlan plan(options, report);
  plan_crs_groups(data, plan);
  plan_crs_accounts(data, plan);
  plan_crs_keys(data, plan);
  plan_crs_people(data, plan);
  if (plan.cipher.has_key() && plan.any_left_sealed && !plan.any_opened) {
    return refuse_field(
        "encryption_key",
        "the encryption key opens nothing in this file: it must be the ENCRYPTION_KEY of the "
        "CRS that wrote it; nothing was imported");
  }
  count_global_statistics(data, report);
  tell_unknown_sections(data, plan);
  add_notes(file, plan);
  const Bundle bundle = Bundler(plan, clock.wall_now()).bundle();
  report.unknown_fields.assign(plan.unknown.begin(), plan.unknown.end());
  TRY(const ImportReport imported,
      transact<ImportReport>(database, options.dry_run, [&](store::Transaction& transaction) {
        return apply_bundle(transaction, secrets, clock, actor, bundle,
                            {options.on_conflict, options.private_upstreams, "import_crs"});
      }));
  mark_skipped(imported, report);
  return report;
}

std::size_t CrsReport::count(Carried carried) const {
  return static_cast<std::size_t>(std::count_if(
      lines.begin(), lines.end(), [&](const Line& line) { return line.carried == carried; }));
}

json::object CrsReport::to_json() const {
  json::array objects;
  for (const Line& line : lines) {
    json::object one{{"kind", line.kind},
                     {"name", line.name},
                     {"source", line.source},
                     {"carried", to_text(line.carried)}};
    if (line.skipped) one["skipped"] = true;
    if (!line.remarks.empty()) {
      one["remarks"] = json::array(line.remarks.begin(), line.remarks.end());
    }
    objects.push_back(std::move(one));
  }
  return {{"whole", count(Carried::whole)},
          {"in_part", count(Carried::in_part)},
          {"not_at_all", count(Carried::not_at_all)},
          {"dry_run", dry_run},
          {"usage_records", usage_records},
          {"notes", json::array(notes.begin(), notes.end())},
          {"unknown_fields", json::array(unknown_fields.begin(), unknown_fields.end())},
          {"objects", std::move(objects)}};
}

}  // namespace sluice::admin
