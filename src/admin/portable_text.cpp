#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

#include "admin/fields.hpp"
#include "admin/portable_bundle.hpp"
#include "admin/portable_check.hpp"
#include "admin/portable_fields.hpp"
#include "base/names.hpp"
#include "base/ulid.hpp"
#include "identity/key_grammar.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;
using identity::rfc3339_text;

constexpr std::size_t hint_bytes_max = 32;

std::string_view view(const Sha256& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

json::array hashes_json(const std::vector<store::HashedSecret>& hashes) {
  json::array out;
  for (const store::HashedSecret& hash : hashes) {
    json::object one{{"sha256", to_hex(view(hash.hash))},
                     {"hint", hash.hint},
                     {"created", rfc3339_text(hash.created)}};
    if (hash.valid_until) one["valid_until"] = rfc3339_text(*hash.valid_until);
    out.push_back(std::move(one));
  }
  return out;
}

json::object object_json(const PortableObject& object) {
  json::object out{{"id", object.id}, {"name", object.name}};
  if (!object.owner.empty()) out["owner"] = object.owner;
  out["created"] = rfc3339_text(object.created);
  out["updated"] = rfc3339_text(object.updated);
  if (object.first_used) out["first_used"] = rfc3339_text(*object.first_used);
  out["document"] = object.document;
  if (!object.hashes.empty()) out["hashes"] = hashes_json(object.hashes);
  if (!object.secrets.empty()) {
    json::array names;
    for (const PortableSecret& secret : object.secrets) names.emplace_back(secret.name);
    out["secrets"] = std::move(names);
  }
  return out;
}

Outcome<store::HashedSecret> hash_of(const json::object& fields, const std::string& owner,
                                     const std::string& where) {
  PortableFields read(fields, where);
  store::HashedSecret out;
  out.owner = owner;
  TRY(const std::string hex, read.text("sha256"));
  if (!from_hex(hex, out.hash)) return read.refused("sha256", "must be 64 hex digits");
  TRY(out.hint, read.text_or_nothing("hint"));
  if (text_fault(out.hint, hint_bytes_max))
    return read.refused("hint", "is no hint such as \"...1a2b\"");
  TRY(out.created, read.time("created"));
  TRY(out.valid_until, read.time_or_nothing("valid_until"));
  CHECK_OK(read.no_others());
  return out;
}

Outcome<PortableObject> object_of(const json::value& value, store::Kind kind,
                                  const std::string& where) {
  const json::object* const fields = value.if_object();
  if (fields == nullptr) return refuse_field(where, "must be an object");
  PortableFields read(*fields, where);
  PortableObject out;
  out.kind = kind;
  TRY(out.id, read.text("id"));
  TRY(out.name, read.text("name"));
  read.is_of(fmt::format("the {} \"{}\"", store::to_string(kind), out.name));
  if (!is_name(out.name)) {
    return read.refused(
        "name", fmt::format("must be 1 to {} printable characters without quotes", name_bytes_max));
  }
  const bool fits =
      out.id.size() == Ulid::size && std::all_of(out.id.begin(), out.id.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
      });
  if (!fits) return read.refused("id", "must be a ULID of 26 characters");
  TRY(out.owner, read.text_or_nothing("owner"));
  TRY(out.created, read.time("created"));
  TRY(out.updated, read.time("updated"));
  TRY(out.first_used, read.time_or_nothing("first_used"));
  TRY(out.document, read.object("document"));
  TRY(const json::array hashes, read.list_or_nothing("hashes"));
  if (!hashes.empty() && kind != store::Kind::key && kind != store::Kind::token) {
    return read.refused("hashes", "belongs to keys and tokens");
  }
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    const std::string at = fmt::format("{}.hashes[{}]", where, i);
    const json::object* const hash = hashes[i].if_object();
    if (hash == nullptr) return refuse_field(at, "must be an object");
    TRY(auto one, hash_of(*hash, out.id, at));
    out.hashes.push_back(std::move(one));
  }
  TRY(const auto names, read.texts_or_nothing("secrets"));
  for (const std::string& name : names) {
    if (!is_secret_of(kind, name))
      return read.refused("secrets", "names a secret that isn't of its kind");
    out.secrets.push_back({name, std::nullopt});
  }
  CHECK_OK(read.no_others());
  return out;
}

void write_pretty(const json::value& value, std::size_t depth, std::string& out) {
  const auto line = [&](std::size_t at) { out.append(1, '\n').append(at * 2, ' '); };
  const json::object* const object = value.if_object();
  const json::array* const list = value.if_array();
  if (object != nullptr && !object->empty()) {
    out += '{';
    bool first = true;
    for (const auto& [name, member] : *object) {
      if (!std::exchange(first, false)) out += ',';
      line(depth + 1);
      out += json::serialize(json::string(name)) + ": ";
      write_pretty(member, depth + 1, out);
    }
    line(depth);
    out += '}';
  } else if (list != nullptr && !list->empty()) {
    const bool flat = std::none_of(list->begin(), list->end(), [](const json::value& item) {
      return item.is_object() || item.is_array();
    });
    if (flat) {
      out += json::serialize(value);
      return;
    }
    out += '[';
    bool first = true;
    for (const json::value& item : *list) {
      if (!std::exchange(first, false)) out += ',';
      line(depth + 1);
      write_pretty(item, depth + 1, out);
    }
    line(depth);
    out += ']';
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

json::object bundle_json(const Bundle& bundle, WallTime created, std::string_view sluice_version) {
  json::object out{{"format", "sluice-export"},
                   {"version", 1},
                   {"created", rfc3339_text(created)},
                   {"sluice_version", sluice_version}};
  for (const auto& [kind, list] : portable_kinds) {
    json::array objects;
    for (const PortableObject& object : bundle.objects) {
      if (object.kind == kind) objects.push_back(object_json(object));
    }
    out[list] = std::move(objects);
  }
  json::array suffixes;
  for (const PortableSecret& suffix : bundle.key_suffixes) suffixes.emplace_back(suffix.name);
  if (!suffixes.empty()) out["key_suffixes"] = std::move(suffixes);
  return out;
}

Outcome<Bundle> bundle_of(const json::object& document) {
  PortableFields read(document, "");
  TRY(const std::string format, read.text("format"));
  if (format != "sluice-export")
    return read.refused("format", "is not \"sluice-export\": this file is something else");
  TRY(const std::int64_t version, read.number("version"));
  if (version != 1) {
    return read.refused("version",
                        fmt::format("is {}, and this sluice reads version 1: import it with a "
                                    "newer sluice",
                                    version));
  }
  TRY(const WallTime created, read.time("created"));
  (void)created;
  TRY(const std::string by, read.text_or_nothing("sluice_version"));
  (void)by;
  Bundle bundle;
  for (const auto& [kind, list] : portable_kinds) {
    TRY(const json::array objects, read.list_or_nothing(list));
    for (std::size_t i = 0; i < objects.size(); ++i) {
      TRY(auto object, object_of(objects[i], kind, fmt::format("{}[{}]", list, i)));
      bundle.objects.push_back(std::move(object));
    }
  }
  TRY(const auto suffixes, read.texts_or_nothing("key_suffixes"));
  for (const std::string& name : suffixes) bundle.key_suffixes.push_back({name, std::nullopt});
  read.pass_over("secrets");
  CHECK_OK(read.no_others());
  return bundle;
}

std::string canonical_text(const json::object& document) {
  json::object rest;
  for (const auto& [name, value] : document) {
    if (name != "secrets") rest[name] = value;
  }
  return json::serialize(rest);
}

std::string pretty_text(const json::object& document) {
  std::string out;
  write_pretty(document, 0, out);
  out += '\n';
  return out;
}

}  // namespace sluice::admin
