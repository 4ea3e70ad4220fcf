#include "admin/user_password.hpp"

#include "admin/sign_in_tokens.hpp"
#include "identity/password.hpp"

namespace sluice::admin {

Outcome<NewPassword> make_password(std::optional<std::string> given, std::string_view user_name) {
  NewPassword out;
  const Secret password = given ? Secret(*std::move(given)) : make_one_time_token();
  if (!given) out.made = password;
  if (const auto good = identity::check_password(password, user_name); !good) {
    return refuse_field("password", good.error().context);
  }
  TRY(auto hash, identity::hash_password(password));
  out.hash = Secret(std::move(hash));
  return out;
}

}  // namespace sluice::admin
