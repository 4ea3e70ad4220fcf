#include "admin/document.hpp"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace sluice::admin {
namespace {

namespace json = boost::json;

std::unexpected<Error> unreadable(store::Kind kind, const store::Object& object,
                                  std::string_view why) {
  return fail(Errc::invalid_config, Side::gateway,
              fmt::format("{} \"{}\" ({}): its document {}; it was written by a newer version, or "
                          "changed by hand",
                          to_string(kind), object.name, object.id, why));
}

}  // namespace

Status read_document(store::Kind kind, const store::Object& object,
                     const std::function<Outcome<void>(const json::object&)>& apply) {
  boost::system::error_code error;
  const json::value document = json::parse(object.document, error);
  if (error || !document.is_object()) return unreadable(kind, object, "is no JSON object");
  if (const auto applied = apply(document.get_object()); !applied) {
    return unreadable(
        kind, object,
        fmt::format("can't be read: {} {}", applied.error().field, applied.error().message));
  }
  return {};
}

std::string serialized(const json::object& document) { return json::serialize(document); }

}  // namespace sluice::admin
