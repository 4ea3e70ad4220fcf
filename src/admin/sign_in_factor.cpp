// One's own second factor and password.

#include "admin/sign_in.hpp"
#include "admin/sign_in_person.hpp"
#include "admin/sign_in_throttle.hpp"
#include "identity/password.hpp"
#include "identity/totp.hpp"
#include "store/sessions.hpp"

namespace sluice::admin {
namespace {

using store::Transaction;

std::unexpected<Refusal> nobody() {
  return refuse(Errc::not_allowed,
                "only a user who is signed in has a password and a second factor");
}

}  // namespace

Outcome<void> SignIn::confirm_password(const Actor& actor, const Secret& password,
                                       std::string_view field) {
  if (actor.user.empty()) return nobody();
  // Counted apart from sign-in: who guesses here has a session already, and shall lock nobody out.
  const std::vector<std::string> subjects{"confirm:" + actor.user};
  TRY(const auto admitted,
      database_.write<Outcome<void>>([&](Transaction& transaction) -> Result<Outcome<void>> {
        return Throttle(transaction, clock_.wall_now()).begin(subjects, Throttle::Patience::full);
      }));
  if (!admitted) return std::unexpected(admitted.error());
  TRY(const auto hash,
      database_.read<std::string>([&](Transaction& transaction) -> Result<std::string> {
        TRY(const auto opened, secrets_.find(transaction, actor.user, password_secret));
        return opened ? std::string(opened->secret.reveal()) : std::string();
      }));
  if (!identity::verify_password(hash, password)) {
    return refuse_field(std::string(field), "this is not your password");
  }
  TRY(const bool forgiven, database_.write<bool>([&](Transaction& transaction) -> Result<bool> {
    Throttle(transaction, clock_.wall_now()).forgive(subjects);
    return true;
  }));
  (void)forgiven;
  return {};
}

Outcome<SignIn::TotpOffer> SignIn::offer_totp(const Actor& actor) {
  if (actor.user.empty()) return nobody();
  TotpOffer offer{.secret = identity::make_totp_seed(), .url = {}};
  offer.url = identity::totp_url(offer.secret, actor.name);
  TRY(const auto put,
      database_.write<Outcome<void>>([&](Transaction& transaction) -> Result<Outcome<void>> {
        TRY(const auto factor, find_factor(transaction, secrets_, actor.user));
        if (factor) {
          return Outcome<void>(refuse(Errc::already_exists,
                                      "a second factor is in force; remove it before a new one"));
        }
        CHECK_OK(secrets_.put(transaction, actor.user, factor_offer_secret, offer.secret,
                              clock_.wall_now()));
        return Outcome<void>();
      }));
  if (!put) return std::unexpected(put.error());
  return offer;
}

Outcome<std::vector<Secret>> SignIn::confirm_totp(const Actor& actor, std::string_view code) {
  if (actor.user.empty()) return nobody();
  using Codes = std::vector<Secret>;
  const auto confirm = [&](Transaction& transaction) -> Result<Outcome<Codes>> {
    const WallTime now = clock_.wall_now();
    TRY(const auto factor, find_factor(transaction, secrets_, actor.user));
    TRY(const auto offered, secrets_.find(transaction, actor.user, factor_offer_secret));
    if (factor || !offered) {
      return Outcome<Codes>(
          refuse(Errc::not_found, "there is no offer to confirm; ask for one first"));
    }
    const auto step = identity::match_totp(offered->secret, code, now, -1);
    if (!step) {
      return Outcome<Codes>(
          refuse_field("code", "this isn't the code of now; is the clock of the device right?"));
    }
    const identity::RecoveryCodes recovery = identity::make_recovery_codes();
    CHECK_OK(put_factor(transaction, secrets_, actor.user,
                        {.seed = offered->secret, .last_step = *step, .recovery = recovery.hashes},
                        now));
    store::SealedSecrets(transaction).drop(actor.user, factor_offer_secret);
    note_of_user(transaction, actor, "add_second_factor", now);
    return Outcome<Codes>(recovery.codes);
  };
  TRY(auto outcome, database_.write<Outcome<Codes>>(confirm));
  return outcome;
}

Result<bool> SignIn::has_totp(const Actor& actor) {
  if (actor.user.empty()) return false;
  return database_.read<bool>([&](Transaction& transaction) -> Result<bool> {
    TRY(const auto factor, find_factor(transaction, secrets_, actor.user));
    return factor.has_value();
  });
}

Outcome<void> SignIn::drop_totp(const Actor& actor, const Secret& password) {
  if (auto confirmed = confirm_password(actor, password, "password"); !confirmed) return confirmed;
  TRY(const bool dropped, database_.write<bool>([&](Transaction& transaction) -> Result<bool> {
    store::SealedSecrets sealed(transaction);
    sealed.drop(actor.user, factor_secret);
    sealed.drop(actor.user, factor_offer_secret);
    note_of_user(transaction, actor, "remove_second_factor", clock_.wall_now());
    return true;
  }));
  (void)dropped;
  return {};
}

Outcome<void> SignIn::change_password(const Actor& actor, const Secret& old_one,
                                      const Secret& new_one, std::string_view keep_session) {
  if (const Status good = identity::check_password(new_one, actor.name); !good) {
    return refuse_field("new_password", good.error().context);
  }
  if (auto confirmed = confirm_password(actor, old_one, "password"); !confirmed) return confirmed;
  TRY(const std::string hash, identity::hash_password(new_one));
  TRY(const bool changed, database_.write<bool>([&](Transaction& transaction) -> Result<bool> {
    const WallTime now = clock_.wall_now();
    CHECK_OK(secrets_.put(transaction, actor.user, password_secret, Secret(hash), now));
    store::Sessions(transaction).drop_all(actor.user, sha256(keep_session));
    note_of_user(transaction, actor, "change_password", now);
    return true;
  }));
  (void)changed;
  return {};
}

}  // namespace sluice::admin
