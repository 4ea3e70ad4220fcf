#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <map>
#include <set>

#include "admin/fields.hpp"
#include "admin/key_suffixes.hpp"
#include "admin/portable_bundle.hpp"
#include "admin/portable_check.hpp"
#include "base/ulid.hpp"
#include "store/activity.hpp"
#include "store/audit.hpp"
#include "store/sessions.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;
using Done = ImportReport::Done;

/// Writes one object after the other, all in the transaction of its maker.
class Applier {
 public:
  Applier(store::Transaction& transaction, store::SecretBox& secrets, WallTime now,
          const Actor& actor, const ApplyOptions& options)
      : transaction_(transaction),
        secrets_(secrets),
        now_(now),
        actor_(actor),
        options_(options),
        random_(SeededRandom::from_system()) {}

  [[nodiscard]] Outcome<ImportReport> apply(const Bundle& bundle) {
    CHECK_OK(refuse_small_rights());
    CHECK_OK(refuse_twins(bundle));
    CHECK_OK(refuse_conflicts(bundle));
    std::map<store::Kind, std::size_t> index;
    for (const PortableObject& object : bundle.objects) {
      const std::string where = fmt::format("{}[{}]", list_of(object.kind), index[object.kind]++);
      CHECK_OK(write(object, where));
    }
    for (const PortableSecret& suffix : bundle.key_suffixes) {
      if (suffix.secret) {
        CHECK_OK(add_key_suffix(transaction_, secrets_, *suffix.secret, now_));
      } else {
        report_.notes.emplace_back(
            "keys that came from another relay are known here only with its secret, which was left "
            "out of "
            "the file: import that relay's file again, or rotate these keys");
      }
    }
    transaction_.touch();
    return std::move(report_);
  }

 private:
  static std::string_view list_of(store::Kind kind) {
    return std::find_if(portable_kinds.begin(), portable_kinds.end(),
                        [&](const PortableKind& one) { return one.kind == kind; })
        ->list;
  }

  std::optional<store::Object> here(store::Kind kind, std::string_view name) {
    auto found = store::Objects(transaction_, kind).find_by_name(name);
    return found ? std::optional(*std::move(found)) : std::nullopt;
  }

  /// An import makes users and writes credentials.
  Outcome<void> refuse_small_rights() const {
    using identity::Action;
    using identity::Resource;
    const auto may = [&](Resource resource, Action action) {
      return identity::reach(actor_.role, actor_.scopes, resource, action) ==
             identity::Reach::everything;
    };
    if (may(Resource::users, Action::create) && may(Resource::accounts, Action::set_secret)) {
      return {};
    }
    return refuse(Errc::not_allowed, "only an admin may import a configuration");
  }

  static Outcome<void> refuse_twins(const Bundle& bundle) {
    std::set<std::string> names;
    std::set<std::string> ids;
    for (const PortableObject& object : bundle.objects) {
      const std::string kind(store::to_string(object.kind));
      if (!names.insert(kind + "/" + object.name).second) {
        return refuse(Errc::invalid_request,
                      fmt::format("the {} \"{}\" stands twice in the file", kind, object.name));
      }
      if (!ids.insert(object.id).second) {
        return refuse(
            Errc::invalid_request,
            fmt::format("the id of the {} \"{}\" stands twice in the file", kind, object.name));
      }
    }
    return {};
  }

  Outcome<void> refuse_conflicts(const Bundle& bundle) {
    if (options_.on_conflict != OnConflict::refuse) return {};
    constexpr std::size_t told_max = 20;
    std::vector<std::string> conflicts;
    for (const PortableObject& object : bundle.objects) {
      if (here(object.kind, object.name)) {
        conflicts.push_back(fmt::format("{} \"{}\"", store::to_string(object.kind), object.name));
      }
    }
    if (conflicts.empty()) return {};
    const std::size_t count = conflicts.size();
    std::string tail;
    if (count > told_max) {
      tail = fmt::format(" and {} more", count - told_max);
      conflicts.resize(told_max);
    }
    return refuse(
        Errc::already_exists,
        fmt::format("{} {} here already: {}{}; nothing was imported. Choose to skip or to "
                    "replace what is here",
                    count, count == 1 ? "object is" : "objects are", fmt::join(conflicts, ", "),
                    tail));
  }

  Outcome<void> write(const PortableObject& object, const std::string& where) {
    auto existing = here(object.kind, object.name);
    line_ = {object.kind, object.name, existing ? Done::replaced : Done::created, {}};
    if (existing && options_.on_conflict == OnConflict::skip) {
      ids_[object.id] = existing->id;
      line_.done = Done::skipped;
      report_.lines.push_back(std::move(line_));
      return {};
    }
    store::Object row;
    row.id = existing ? existing->id : free_id(object);
    ids_[object.id] = row.id;
    row.name = object.name;
    CHECK_OK(take_owner(object, where, row));
    TRY(json::object document, checked_document(object, where, options_.private_upstreams));
    TRY(const bool complete, secrets_complete(object, row.id));
    if (!complete) ask_for_secrets(object, document);
    row.document = json::serialize(document);
    row.created = object.created;
    row.updated = object.updated;
    CHECK_OK(put_row(object.kind, row, existing));
    CHECK_OK(put_hashes(object, row));
    CHECK_OK(put_secrets(object, row.id));
    if (object.first_used) {
      store::Activity(transaction_).note({{row.id, object.first_used, std::nullopt}});
    }
    if (existing && object.kind == store::Kind::user) {
      store::Sessions(transaction_).drop_all(row.id, std::nullopt);
    }
    audit(object, row, existing);
    report_.lines.push_back(std::move(line_));
    return {};
  }

  /// Kept where nothing has it, removed objects counted: the audit log may name it. Sealed secrets are found by the id of
  /// their owner alone, so no account may have that of a user.
  std::string free_id(const PortableObject& object) {
    for (const store::Kind kind : {object.kind, store::Kind::user, store::Kind::account}) {
      if (store::Objects(transaction_, kind).find(object.id)) {
        return std::string(Ulid::make(now_, random_).str());
      }
    }
    return object.id;
  }

  Outcome<void> take_owner(const PortableObject& object, const std::string& where,
                           store::Object& row) {
    if (object.owner.empty()) return {};
    const auto owner = ids_.find(object.owner);
    if (owner == ids_.end()) {
      return refuse_field(where + ".owner",
                          fmt::format("the {} \"{}\" belongs to a user that isn't in the file",
                                      store::to_string(object.kind), object.name));
    }
    row.owner = owner->second;
    return {};
  }

  /// Whether each secret of `object` is in the file, or still here from before.
  Outcome<bool> secrets_complete(const PortableObject& object, const std::string& id) {
    for (const PortableSecret& secret : object.secrets) {
      if (secret.secret) continue;
      TRY(const auto known, secrets_.find(transaction_, id, secret.name));
      if (!known) missing_.push_back(secret.name);
    }
    return missing_.empty();
  }

  void ask_for_secrets(const PortableObject& object, json::object& document) {
    const std::string names = fmt::format("{}", fmt::join(missing_, ", "));
    missing_.clear();
    switch (object.kind) {
      case store::Kind::account: {
        line_.attention.push_back(
            fmt::format("disabled until its secrets are set again: {}", names));
        document["disabled"] = true;
        const json::value* const note = document.if_contains("note");
        std::string text =
            note != nullptr && note->is_string() ? std::string(note->get_string()) : "";
        const std::string added = "imported without its secrets, set again: " + names;
        if (!text.empty()) text += "; ";
        if (text.size() + added.size() <= note_bytes_max) document["note"] = text + added;
        return;
      }
      case store::Kind::user:
        line_.attention.push_back(
            "has no password here: set one (user reset-password); a second factor must be set up "
            "anew");
        return;
      case store::Kind::pool:
      case store::Kind::key:
      case store::Kind::token:
        line_.attention.push_back(fmt::format("its secrets were left out of the file: {}", names));
    }
  }

  Outcome<void> put_row(store::Kind kind, store::Object& row,
                        const std::optional<store::Object>& existing) {
    store::Objects objects(transaction_, kind);
    if (!existing) {
      CHECK_OK(objects.insert(row));
      return {};
    }
    row.version = existing->version;
    row.updated = now_;
    TRY(row.version, objects.update(row));
    return {};
  }

  Outcome<void> put_hashes(const PortableObject& object, const store::Object& row) {
    if (object.kind != store::Kind::key && object.kind != store::Kind::token) return {};
    store::HashedSecrets table(transaction_, object.kind);
    if (object.hashes.empty()) {  // those that are here stay
      if (table.of(row.id).empty()) {
        line_.attention.push_back(
            fmt::format("has no secret: make it one ({} rotate)", store::to_string(object.kind)));
      }
      return {};
    }
    table.drop(row.id, std::nullopt);
    for (store::HashedSecret hash : object.hashes) {
      hash.owner = row.id;
      if (const auto put = table.insert(hash); !put) {
        if (put.error().code != Errc::already_exists) return std::unexpected(Refusal(put.error()));
        return refuse(
            Errc::already_exists,
            fmt::format("the secret of the {} \"{}\" belongs to another {} here already; "
                        "nothing was imported",
                        store::to_string(object.kind), object.name, store::to_string(object.kind)));
      }
    }
    return {};
  }

  Outcome<void> put_secrets(const PortableObject& object, const std::string& id) {
    store::SealedSecrets table(transaction_);
    for (const store::SealedSecret& old : table.of(id)) {
      const bool stays =
          std::any_of(object.secrets.begin(), object.secrets.end(),
                      [&](const PortableSecret& secret) { return secret.name == old.name; });
      if (!stays) table.drop(id, old.name);
    }
    for (const PortableSecret& secret : object.secrets) {
      if (!secret.secret) continue;
      CHECK_OK(secrets_.put(transaction_, id, secret.name, *secret.secret, now_));
    }
    return {};
  }

  void audit(const PortableObject& object, const store::Object& row,
             const std::optional<store::Object>& existing) {
    store::AuditEntry entry;
    entry.id = Ulid::make(now_, random_).str();
    entry.at = now_;
    entry.actor = actor_.id;
    entry.actor_name = actor_.name;
    entry.peer = actor_.peer;
    entry.action = options_.action;
    entry.kind = store::to_string(object.kind);
    entry.object = row.id;
    entry.object_name = row.name;
    if (existing) entry.before = existing->document;
    entry.after = row.document;
    store::Audit(transaction_).write(entry);
  }

  store::Transaction& transaction_;
  store::SecretBox& secrets_;
  WallTime now_;
  const Actor& actor_;
  const ApplyOptions& options_;
  SeededRandom random_;
  std::map<std::string, std::string, std::less<>> ids_;  // in the file -> here
  std::vector<std::string> missing_;
  ImportReport::Line line_{};
  ImportReport report_;
};

}  // namespace

Outcome<ImportReport> apply_bundle(store::Transaction& transaction, store::SecretBox& secrets,
                                   const Clock& clock, const Actor& actor, const Bundle& bundle,
                                   const ApplyOptions& options) {
  return Applier(transaction, secrets, clock.wall_now(), actor, options).apply(bundle);
}

}  // namespace sluice::admin
