#pragma once
/// A user's password, as it comes from an admin.

#include <optional>
#include <string>
#include <string_view>

#include "admin/refusal.hpp"
#include "base/secret.hpp"

namespace sluice::admin {

struct NewPassword {
  Secret hash;  // Argon2id
  Secret made;  // to be shown once; empty where one was given
};
/// nullopt: makes one up, of 256 random bits. Slow, as Argon2id is. Errors  invalid_request with the field "password".
[[nodiscard]] Outcome<NewPassword> make_password(std::optional<std::string> given,
                                                 std::string_view user_name);

}  // namespace sluice::admin
