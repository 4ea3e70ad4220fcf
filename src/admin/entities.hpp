#pragma once
/// All accounts and keys of the store, opened and ready to be served: what a running server makes its snapshot of.

#include <map>
#include <string>
#include <vector>

#include "identity/key.hpp"
#include "provider/account_settings.hpp"
#include "store/account_rests.hpp"
#include "store/secret_box.hpp"

namespace sluice::admin {

struct Entities {
  std::int64_t revision = 0;
  /// With their secrets, but for the access token of oauth2: see app/stored_tokens.hpp.
  std::vector<provider::AccountSettings> accounts;
  /// Without those of users who are disabled or removed.
  std::vector<identity::Key> keys;
  /// What of the accounts rested when this was read; and how often an operator forgave each.
  std::vector<store::AccountRest> rests;
  std::map<std::string, std::int64_t> lifts;
  std::vector<Secret> key_suffixes;  // of identity::KeyDirectory
  /// What couldn't be read (sealed with another master key, a document of a newer version), in words for the log; the rest
  /// is served.
  std::vector<std::string> faults;
};

/// In one read transaction. 10,000 keys and 1,000 accounts take well under a second.
[[nodiscard]] Result<Entities> load_entities(store::Database& database, store::SecretBox& secrets);

}  // namespace sluice::admin
