#include "admin/key_view.hpp"

#include "admin/key_document.hpp"
#include "admin/views.hpp"
#include "identity/permits.hpp"

namespace sluice::admin {
View key_view(const identity::Key& key, const KeyFacts& facts, WallTime now) {
  View view;
  view["owner"] = facts.owner;
  const View document = key_document(key);
  for (const auto& member : document) view[member.key()] = member.value();
  view["state"] =
      state_of({.removed = facts.removed,
                .disabled = key.disabled || !facts.owner_is_active,
                .expired = identity::has_ended(key.expiry, facts.activity.first_used, now)});
  show_hashed_secrets(view, facts.secrets, now);
  view["first_used"] = time_json(facts.activity.first_used);
  view["last_used"] = time_json(facts.activity.last_used);
  return view;
}

}  // namespace sluice::admin
