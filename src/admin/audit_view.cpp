#include "admin/audit_view.hpp"

#include <boost/json/parse.hpp>

#include "identity/key_grammar.hpp"

namespace sluice::admin {

boost::json::value audited_document(const std::string& text) {
  if (text.empty()) return nullptr;
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(text, error);
  return error ? boost::json::value() : value;
}

boost::json::object audit_view(const store::AuditEntry& entry) {
  return {{"id", entry.id},
          {"at", identity::rfc3339_text(entry.at)},
          {"actor", entry.actor},
          {"actor_name", entry.actor_name},
          {"peer", entry.peer},
          {"action", entry.action},
          {"kind", entry.kind},
          {"object", entry.object},
          {"object_name", entry.object_name},
          {"before", audited_document(entry.before)},
          {"after", audited_document(entry.after)}};
}

}  // namespace sluice::admin
