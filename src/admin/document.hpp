#pragma once
/// Documents of the store as JSON objects.

#include <boost/json/object.hpp>
#include <functional>
#include <string>

#include "admin/refusal.hpp"
#include "store/objects.hpp"

namespace sluice::admin {

/// Parses the document of `object` and hands it to `apply`. What that refuses was written by a newer version, or by hand.
/// Errors  invalid_config, naming the object.
[[nodiscard]] Status read_document(
    store::Kind kind, const store::Object& object,
    const std::function<Outcome<void>(const boost::json::object&)>& apply);

[[nodiscard]] std::string serialized(const boost::json::object& document);

}  // namespace sluice::admin
