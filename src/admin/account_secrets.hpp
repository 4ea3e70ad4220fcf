#pragma once
/// The sealed secrets of an account, opened and put where they belong.

#include <vector>

#include "provider/account_settings.hpp"
#include "store/secret_box.hpp"

namespace sluice::admin {

/// `sealed`: all of this account. Errors  invalid_config: one can't be opened, or one that it can't do without is missing; an
/// access token may be.
[[nodiscard]] Status place_secrets(provider::AccountSettings& account,
                                   const std::vector<store::SealedSecret>& sealed,
                                   store::SecretBox& secrets);

}  // namespace sluice::admin
