#pragma once
/// What sign-in needs to know of a user, read from the store: who he is, and sealed beside it the hash of the password and the
/// second factor.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/sign_in.hpp"
#include "store/audit.hpp"
#include "store/objects.hpp"

namespace sluice::admin {

struct Person {
  std::string id;
  std::string name;
  identity::Role role = identity::Role::viewer;
};

/// The names under which SecretBox keeps a user's secrets.
inline constexpr std::string_view password_secret =
    "password";  // Argon2id, as identity/password.hpp writes it
inline constexpr std::string_view factor_secret = "totp";
inline constexpr std::string_view factor_offer_secret = "totp_offer";  // not confirmed yet

/// A second factor that is in force.
struct Factor {
  Secret seed;                   // base32
  std::int64_t last_step = -1;   // of the last code that was used
  std::vector<Sha256> recovery;  // hashes of the codes that are left
};

/// Nobody: removed or disabled ones too, and users whose document can't be read.
[[nodiscard]] std::optional<Person> person_of(const store::Object& object);
[[nodiscard]] std::optional<Person> find_person(store::Transaction& transaction,
                                                std::string_view id);
[[nodiscard]] std::optional<Person> find_person_by_name(store::Transaction& transaction,
                                                        std::string_view name);

[[nodiscard]] Result<std::optional<Factor>> find_factor(store::Transaction& transaction,
                                                        store::SecretBox& secrets,
                                                        std::string_view user);
[[nodiscard]] Status put_factor(store::Transaction& transaction, store::SecretBox& secrets,
                                std::string_view user, const Factor& factor, WallTime now);

[[nodiscard]] Actor actor_of(const Person& person, const Visitor& visitor);

/// A line of the audit log about `user` himself: "sign_in", "change_password", ...
void note_of_user(store::Transaction& transaction, const Actor& actor, std::string_view action,
                  WallTime now, std::string after = {});

}  // namespace sluice::admin
