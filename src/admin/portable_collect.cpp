#include <fmt/format.h>
#include <boost/json/parse.hpp>

#include <algorithm>

#include "admin/key_suffixes.hpp"
#include "admin/portable_bundle.hpp"
#include "store/activity.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;

constexpr std::string_view derived = "access_token";

Result<json::object> document_of(const store::Object& object, store::Kind kind) {
  boost::system::error_code failed;
  json::value value = json::parse(object.document, failed);
  if (!failed && value.is_object()) return value.get_object();
  return fail(Errc::invalid_config, Side::gateway,
              fmt::format("the document of the {} \"{}\" in the store is no JSON object",
                          store::to_string(kind), object.name));
}

Result<std::vector<PortableSecret>> secrets_of(store::Transaction& transaction,
                                               store::SecretBox& secrets, std::string_view owner) {
  std::vector<PortableSecret> out;
  for (const store::SealedSecret& sealed : store::SealedSecrets(transaction).of(owner)) {
    if (sealed.name == derived) continue;
    TRY(auto opened, secrets.open(sealed));
    out.push_back({sealed.name, std::move(opened.secret)});
  }
  std::sort(out.begin(), out.end(),
            [](const PortableSecret& a, const PortableSecret& b) { return a.name < b.name; });
  return out;
}

std::vector<store::HashedSecret> hashes_of(store::Transaction& transaction, store::Kind kind,
                                           std::string_view owner) {
  if (kind != store::Kind::key && kind != store::Kind::token) return {};
  auto out = store::HashedSecrets(transaction, kind).of(owner);
  std::sort(out.begin(), out.end(), [](const store::HashedSecret& a, const store::HashedSecret& b) {
    return a.hash < b.hash;
  });
  return out;
}

}  // namespace

Result<Bundle> collect_bundle(store::Transaction& transaction, store::SecretBox& secrets) {
  Bundle bundle;
  store::Activity activity(transaction);
  for (const auto& [kind, list] : portable_kinds) {
    for (store::Object& object : store::Objects(transaction, kind).all()) {
      PortableObject out;
      out.kind = kind;
      TRY(out.document, document_of(object, kind));
      TRY(out.secrets, secrets_of(transaction, secrets, object.id));
      out.hashes = hashes_of(transaction, kind, object.id);
      if (kind == store::Kind::key) {
        if (const auto used = activity.of_key(object.id)) out.first_used = used->first_used;
      }
      out.id = std::move(object.id);
      out.name = std::move(object.name);
      out.owner = std::move(object.owner);
      out.created = object.created;
      out.updated = object.updated;
      bundle.objects.push_back(std::move(out));
    }
  }
  TRY(auto suffixes, load_key_suffixes(transaction, secrets));
  for (Secret& suffix : suffixes) {
    bundle.key_suffixes.push_back(
        {fmt::format("suffix_{}", bundle.key_suffixes.size()), std::move(suffix)});
  }
  return bundle;
}

}  // namespace sluice::admin
