#include "admin/account_view.hpp"

#include "admin/account_document.hpp"
#include "admin/account_live.hpp"
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
  const AccountNow remembered = account_now(facts.rests, {}, now);
  const store::AccountRest* rest = state == "active" ? remembered.whole() : nullptr;
  view["state"] = rest != nullptr ? std::string_view(rest->state) : state;
  view["state_reason"] = rest != nullptr ? std::string_view(rest->reason) : "";
  return view;
}

}  // namespace sluice::admin
