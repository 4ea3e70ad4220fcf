#include "admin/actor.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>

namespace sluice::admin {

Actor Actor::command_line() {
  std::array<char, 4096> buffer;
  passwd entry{};
  passwd* found = nullptr;
  const uid_t uid = ::getuid();
  std::string name = std::to_string(uid);
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
    name = entry.pw_name;
  }
  return {.id = "cli:" + name,
          .name = name,
          .user = {},
          .peer = {},
          .role = identity::Role::admin,
          .scopes = identity::Scopes::all()};
}

}  // namespace sluice::admin
