#include "admin/portable.hpp"

#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include <algorithm>

#include "admin/portable_bundle.hpp"
#include "admin/portable_transact.hpp"
#include "base/passphrase.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;

constexpr std::string_view left_out = "left_out";
constexpr std::string_view sealed_as = "argon2id-xchacha20poly1305-1";

std::string key_context(const json::object& document) {
  const Sha256 digest = sha256(canonical_text(document));
  return "sluice-export/1/" + to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

Outcome<json::object> parse_document(std::string_view text) {
  if (text.size() > import_bytes_max) {
    return refuse(Errc::invalid_request,
                  fmt::format("the file has more than {} MiB", import_bytes_max >> 20));
  }
  boost::system::error_code failed;
  json::value value = json::parse(text, failed);
  if (failed || !value.is_object()) {
    return refuse(Errc::invalid_request,
                  "the file is no JSON object: it is something else, or was cut");
  }
  return std::move(value.get_object());
}

/// How the secrets of a document are kept; nullptr: they were left out.
Outcome<const json::object*> sealed_part(const json::object& document) {
  const json::value* const secrets = document.if_contains("secrets");
  const json::object* const part = secrets != nullptr ? secrets->if_object() : nullptr;
  const json::value* const kept = part != nullptr ? part->if_contains("kept") : nullptr;
  if (kept != nullptr && *kept == json::value(left_out) && part->size() == 1) return nullptr;
  if (kept != nullptr && *kept == json::value(sealed_as)) return part;
  return refuse_field("secrets",
                      "the file doesn't say how its secrets are kept, or in a way that this "
                      "sluice doesn't know");
}

Outcome<void> unseal(const json::object& document, const json::object& part,
                     const Secret& passphrase, Bundle& bundle) {
  const json::value* const key_text = part.if_contains("key");
  const json::value* const sealed = part.if_contains("sealed");
  if (part.size() != 3 || key_text == nullptr || !key_text->is_string() || sealed == nullptr ||
      !sealed->is_object()) {
    return refuse_field("secrets", "must hold kept, key and sealed");
  }
  if (passphrase.empty()) {
    return refuse_field("passphrase",
                        "the secrets of the file are sealed: its passphrase is needed");
  }
  const auto bytes = from_base64(std::string_view(key_text->get_string()));
  auto opened = open_with_passphrase(passphrase, bytes.value_or(""), key_context(document));
  if (!opened) {
    if (opened.error().code != Errc::invalid_request)
      return std::unexpected(Refusal(opened.error()));
    return refuse_field("passphrase",
                        "the passphrase is not the right one, or the file was altered after it was "
                        "exported; nothing was imported");
  }
  const auto key = SealingKey::from_bytes(opened->reveal());
  if (!key) return refuse_field("secrets.key", "is no key");
  return open_secrets(sealed->get_object(), *key, bundle);
}

std::string_view to_text(ImportReport::Done done) {
  switch (done) {
    case ImportReport::Done::created: return "created";
    case ImportReport::Done::replaced: return "replaced";
    case ImportReport::Done::skipped: return "skipped";
  }
  return {};
}

}  // namespace

Outcome<std::string> export_configuration(store::Database& database, store::SecretBox& secrets,
                                          const Clock& clock, const ExportOptions& options) {
  const bool sealing = options.secrets == ExportSecrets::under_passphrase;
  if (sealing && options.passphrase.reveal().size() < passphrase_bytes_min) {
    return refuse_field("passphrase",
                        fmt::format("must have at least {} characters", passphrase_bytes_min));
  }
  TRY(const Bundle bundle, database.read<Bundle>([&](store::Transaction& transaction) {
    return collect_bundle(transaction, secrets);
  }));
  json::object document = bundle_json(bundle, clock.wall_now(), options.sluice_version);
  if (!sealing) {
    document["secrets"] = json::object{{"kept", left_out}};
    return pretty_text(document);
  }
  // As an import will read it: what a seal is bound to must come out of the text alike.
  TRY(const json::object as_read, parse_document(pretty_text(document)));
  const SealingKey key = SealingKey::generate();
  TRY(const std::string sealed_key,
      seal_with_passphrase(options.passphrase, key.reveal(), key_context(as_read)));
  document["secrets"] = json::object{
      {"kept", sealed_as}, {"key", to_base64(sealed_key)}, {"sealed", seal_secrets(bundle, key)}};
  return pretty_text(document);
}

Outcome<bool> needs_passphrase(std::string_view document) {
  TRY(const json::object parsed, parse_document(document));
  TRY(const json::object* const part, sealed_part(parsed));
  return part != nullptr;
}

Outcome<ImportReport> import_configuration(store::Database& database, store::SecretBox& secrets,
                                           const Clock& clock, const Actor& actor,
                                           std::string_view document,
                                           const ImportOptions& options) {
  TRY(const json::object parsed, parse_document(document));
  TRY(Bundle bundle, bundle_of(parsed));
  TRY(const json::object* const part, sealed_part(parsed));
  if (part != nullptr) CHECK_OK(unseal(parsed, *part, options.passphrase, bundle));
  auto report = transact<ImportReport>(database, options.dry_run, [&](store::Transaction& t) {
    return apply_bundle(t, secrets, clock, actor, bundle,
                        {options.on_conflict, options.private_upstreams, "import"});
  });
  if (report) report->dry_run = options.dry_run == DryRun::yes;
  return report;
}

std::size_t ImportReport::count(Done done) const {
  return static_cast<std::size_t>(std::count_if(
      lines.begin(), lines.end(), [&](const Line& line) { return line.done == done; }));
}

json::object ImportReport::to_json() const {
  json::array objects;
  for (const Line& line : lines) {
    json::object one{
        {"kind", store::to_string(line.kind)}, {"name", line.name}, {"done", to_text(line.done)}};
    if (!line.attention.empty()) {
      one["attention"] = json::array(line.attention.begin(), line.attention.end());
    }
    objects.push_back(std::move(one));
  }
  return {{"created", count(Done::created)},
          {"replaced", count(Done::replaced)},
          {"skipped", count(Done::skipped)},
          {"dry_run", dry_run},
          {"notes", json::array(notes.begin(), notes.end())},
          {"objects", std::move(objects)}};
}

}  // namespace sluice::admin
