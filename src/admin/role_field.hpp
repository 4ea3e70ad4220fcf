#pragma once
/// The field "role", of users and admin tokens.

#include "admin/fields.hpp"
#include "identity/roles.hpp"

namespace sluice::admin {

/// A null makes it a viewer, who changes nothing.
void read_role(Fields& fields, identity::Role& role);

}  // namespace sluice::admin
