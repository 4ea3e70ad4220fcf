#pragma once
/// Whether an actor may do something to a kind of object: identity/roles.hpp, in words for people.

#include <boost/json/object.hpp>
#include <string_view>

#include "admin/actor.hpp"
#include "admin/refusal.hpp"
#include "store/objects.hpp"

namespace sluice::admin {

/// How far the right goes, never `nothing`. Errors  not_allowed.
[[nodiscard]] Outcome<identity::Reach> may(const Actor& actor, store::Kind kind,
                                           identity::Action action);

enum class IsNew : std::uint8_t { no, yes };
/// Of an account: what decides where its credential goes needs `set_secret`; a new one has none yet that could go astray.
/// Errors  not_allowed, with the field.
[[nodiscard]] Outcome<void> may_write_account(const Actor& actor, const boost::json::object& fields,
                                              IsNew is_new);

}  // namespace sluice::admin
