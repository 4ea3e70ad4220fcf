#pragma once
/// The documents of an import are read by what reads those of the admin API: what can't be created there can't be imported.

#include <string_view>

#include "admin/portable_bundle.hpp"

namespace sluice::admin {

/// The document of `object` as this version writes it. Errors  invalid_request: the field is "accounts[2].document.base_url", the
/// message names the object.
[[nodiscard]] Outcome<boost::json::object> checked_document(
    const PortableObject& object, std::string_view where,
    provider::PrivateUpstreams private_upstreams);

/// Whether a secret of this name belongs to objects of this kind.
[[nodiscard]] bool is_secret_of(store::Kind kind, std::string_view name);

}  // namespace sluice::admin
