#include "admin/account_view.hpp"

#include <algorithm>

#include "admin/account_document.hpp"
#include "admin/views.hpp"

namespace sluice::admin {

View account_view(const provider::AccountSettings& account, const AccountFacts& facts,
                  WallTime now) {
  View view = account_document(account);
  if (account.credential.kind != provider::Credential::Kind::none) {
    view["credential"].as_object()["secret_hint"] = facts.secret_hint;
  }
  const std::string_view state = state_of({.removed = facts.removed,
                                           .disabled = account.disabled,
                                           .expired = account.expires && *account.expires <= now});
  const bool in_trouble = state == "active" && facts.trouble;
  view["state"] = in_trouble ? std::string_view(facts.trouble->state) : state;
  view["state_reason"] = in_trouble ? std::string_view(facts.trouble->reason) : "";
  return view;
}

std::optional<store::AccountState> find_trouble(store::Transaction& transaction,
                                                std::string_view account) {
  const auto states = store::Activity(transaction).account_states();
  const auto found = std::find_if(states.begin(), states.end(),
                                  [&](const auto& state) { return state.account == account; });
  if (found == states.end()) return {};
  return *found;
}

}  // namespace sluice::admin
