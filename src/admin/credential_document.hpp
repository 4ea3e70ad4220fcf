#pragma once
/// How an account signs in, as JSON: see account_document.hpp. Inside of that only.

#include <boost/json/object.hpp>
#include <vector>

#include "admin/account_document.hpp"
#include "admin/fields.hpp"

namespace sluice::admin {

/// The field "credential", as people give it.
void read_given_credential(Fields& fields, provider::PrivateUpstreams private_upstreams,
                           provider::Credential& credential, std::vector<SecretChange>& changes);
/// The same, as `credential_json` wrote it.
void read_kept_credential(Fields& fields, provider::Credential& credential);
[[nodiscard]] boost::json::object credential_json(const provider::Credential& credential);

}  // namespace sluice::admin
