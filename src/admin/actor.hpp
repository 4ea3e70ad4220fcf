#pragma once
/// On whose behalf something is done on the admin side.

#include <string>

#include "identity/roles.hpp"

namespace sluice::admin {

struct Actor {
  std::string id;  // "user:01H...", "token:01H...", "cli:root", "system": as the audit log keeps it
  std::string name;  // for people
  std::string user;  // id of the user behind it; empty for the command line and the system
  std::string peer;  // address; empty for the command line
  identity::Role role = identity::Role::viewer;
  identity::Scopes scopes;  // of a token; all for others

  /// Who runs the command line: may do everything, as whoever may read the store and the master key could.
  [[nodiscard]] static Actor command_line();
};

}  // namespace sluice::admin
