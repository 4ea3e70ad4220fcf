#pragma once
/// A line of the audit log as the admin API and the command line show it.

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>

#include "store/audit.hpp"

namespace sluice::admin {

/// {"id", "at", "actor", "actor_name", "peer", "action", "kind", "object", "object_name", "before", "after"}.
[[nodiscard]] boost::json::object audit_view(const store::AuditEntry& entry);
/// What stood before or after, null where there was nothing.
[[nodiscard]] boost::json::value audited_document(const std::string& text);

}  // namespace sluice::admin
