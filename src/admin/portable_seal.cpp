#include <fmt/format.h>
#include <boost/json/array.hpp>

#include "admin/portable_bundle.hpp"
#include "base/sodium.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;

std::string suffix_place(std::string_view name) { return fmt::format("key_suffix/{}", name); }

Outcome<void> open_one(const json::object& sealed, const SealingKey& key, const std::string& place,
                       PortableSecret& secret, std::size_t& opened) {
  const std::string field = fmt::format("secrets.sealed.{}", place);
  const json::value* const value = sealed.if_contains(place);
  if (value == nullptr || !value->is_string()) {
    return refuse_field(
        field, fmt::format("the file says that there is a secret {}, and has none", place));
  }
  const auto bytes = from_base64(std::string_view(value->get_string()));
  auto plain = bytes ? key.open(*bytes, place) : fail(Errc::invalid_request, Side::client, "");
  if (!plain) {
    return refuse_field(field, fmt::format("the secret {} was altered or belongs to another place; "
                                           "nothing was imported",
                                           place));
  }
  secret.secret = *std::move(plain);
  ++opened;
  return {};
}

}  // namespace

std::string to_base64(std::string_view bytes) {
  need_sodium();
  constexpr int variant = sodium_base64_VARIANT_ORIGINAL;
  std::string out(sodium_base64_encoded_len(bytes.size(), variant), '\0');
  sodium_bin2base64(out.data(), out.size(), as_bytes(bytes), bytes.size(), variant);
  out.pop_back();  // the NUL
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  need_sodium();
  std::string out(text.size(), '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(),
                        text.size(), nullptr, &size, &end, sodium_base64_VARIANT_ORIGINAL) != 0 ||
      end != text.data() + text.size()) {
    return {};
  }
  out.resize(size);
  return out;
}

std::string secret_place(const PortableObject& object, std::string_view name) {
  return fmt::format("{}/{}/{}", store::to_string(object.kind), object.id, name);
}

json::object seal_secrets(const Bundle& bundle, const SealingKey& key) {
  json::object out;
  const auto seal = [&](const std::string& place, const PortableSecret& secret) {
    if (secret.secret) out[place] = to_base64(key.seal(secret.secret->reveal(), place));
  };
  for (const PortableObject& object : bundle.objects) {
    for (const PortableSecret& secret : object.secrets) {
      seal(secret_place(object, secret.name), secret);
    }
  }
  for (const PortableSecret& suffix : bundle.key_suffixes) seal(suffix_place(suffix.name), suffix);
  return out;
}

Outcome<void> open_secrets(const json::object& sealed, const SealingKey& key, Bundle& bundle) {
  std::size_t opened = 0;
  for (PortableObject& object : bundle.objects) {
    for (PortableSecret& secret : object.secrets) {
      CHECK_OK(open_one(sealed, key, secret_place(object, secret.name), secret, opened));
    }
  }
  for (PortableSecret& suffix : bundle.key_suffixes) {
    CHECK_OK(open_one(sealed, key, suffix_place(suffix.name), suffix, opened));
  }
  if (opened != sealed.size()) {
    return refuse_field("secrets.sealed", "holds secrets that belong to no object of the file");
  }
  return {};
}

}  // namespace sluice::admin
