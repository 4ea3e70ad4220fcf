#include "admin/sign_in.hpp"

#include "admin/sign_in_person.hpp"
#include "admin/sign_in_throttle.hpp"
#include "admin/sign_in_tokens.hpp"
#include "base/log.hpp"
#include "identity/password.hpp"
#include "identity/totp.hpp"
#include "store/sessions.hpp"

namespace sluice::admin {
namespace {

using store::Transaction;

constexpr std::size_t user_agent_bytes_max = 256;
constexpr std::chrono::seconds seen_step{60};  // a session's `seen` is written at most once in this

Refusal wrong() {
  return {Errc::not_signed_in, {}, "the user name, the password or the code is wrong"};
}

std::unexpected<Refusal> no_session() {
  return refuse(Errc::not_signed_in, "sign in: there is no such session, or it has ended");
}

/// What the first look at the store gives: taken before the slow hash, and looked at again behind it.
struct Candidate {
  Person person;
  std::string password_hash;
};

Result<std::optional<Candidate>> find_candidate(Transaction& transaction, store::SecretBox& secrets,
                                                std::string_view user) {
  const auto person = find_person_by_name(transaction, user);
  if (!person) return std::optional<Candidate>();
  TRY(const auto hash, secrets.find(transaction, person->id, password_secret));
  if (!hash) return std::optional<Candidate>();
  return std::optional(
      Candidate{.person = *person, .password_hash = std::string(hash->secret.reveal())});
}

enum class CodeCheck : std::uint8_t { right, wrong, missing };

/// Whether `code` is a second factor of the user, used up by this. Without a factor every code is right.
Result<CodeCheck> use_code(Transaction& transaction, store::SecretBox& secrets,
                           std::string_view user, std::string_view code, WallTime now) {
  TRY(auto factor, find_factor(transaction, secrets, user));
  if (!factor) return CodeCheck::right;
  if (code.empty()) return CodeCheck::missing;
  if (const auto step = identity::match_totp(factor->seed, code, now, factor->last_step)) {
    factor->last_step = *step;
  } else if (const auto index = identity::match_recovery_code(factor->recovery, code)) {
    factor->recovery.erase(factor->recovery.begin() + static_cast<std::ptrdiff_t>(*index));
  } else {
    return CodeCheck::wrong;
  }
  CHECK_OK(put_factor(transaction, secrets, user, *factor, now));
  return CodeCheck::right;
}

}  // namespace

SignIn::SignIn(store::Database& database, store::SecretBox& secrets, const Clock& clock,
               Milliseconds session)
    : database_(database), secrets_(secrets), clock_(clock), session_(session) {}

SignedIn SignIn::begin_session(Transaction& transaction, const Actor& actor,
                               const Visitor& visitor) {
  const WallTime now = clock_.wall_now();
  SignedIn signed_in{
      .token = make_one_time_token(), .csrf = {}, .actor = actor, .expires = now + session_};
  signed_in.csrf = csrf_token_of(signed_in.token.reveal());
  store::Sessions sessions(transaction);
  sessions.drop_expired(now);
  sessions.insert({.token = sha256(signed_in.token.reveal()),
                   .user = actor.user,
                   .created = now,
                   .expires = signed_in.expires,
                   .seen = now,
                   .peer = visitor.peer,
                   .user_agent = visitor.user_agent.substr(0, user_agent_bytes_max)});
  return signed_in;
}

Outcome<SignedIn> SignIn::with_password(std::string_view user, const Secret& password,
                                        std::string_view code, const Visitor& visitor) {
  const std::vector<std::string> subjects{throttle_subject_of_name(user),
                                          throttle_subject_of_peer(visitor.peer)};
  const auto patience = visitor.loopback ? Throttle::Patience::brief : Throttle::Patience::full;
  TRY(const auto admitted,
      database_.write<Outcome<void>>([&](Transaction& transaction) -> Result<Outcome<void>> {
        return Throttle(transaction, clock_.wall_now()).begin(subjects, patience);
      }));
  if (!admitted) {
    log::warn("sign_in.throttled peer={}", log::quoted(visitor.peer));
    return std::unexpected(admitted.error());
  }

  TRY(const auto candidate, database_.read<std::optional<Candidate>>([&](Transaction& transaction) {
    return find_candidate(transaction, secrets_, user);
  }));
  // The slow part is outside of every transaction, and the same whether there is such a user or not.
  bool known = false;
  if (candidate) {
    known = identity::verify_password(candidate->password_hash, password);
  } else {
    identity::verify_nobody(password);
  }
  std::string rehashed;
  if (known && identity::needs_rehash(candidate->password_hash)) {
    if (auto hash = identity::hash_password(password)) rehashed = *std::move(hash);
  }

  const auto finish = [&](Transaction& transaction) -> Result<Outcome<SignedIn>> {
    // Meanwhile the user may have been removed, or his password changed.
    TRY(const auto still, find_candidate(transaction, secrets_, user));
    if (!known || !still || still->password_hash != candidate->password_hash) {
      return Outcome<SignedIn>(std::unexpected(wrong()));
    }
    const WallTime now = clock_.wall_now();
    TRY(const CodeCheck check, use_code(transaction, secrets_, still->person.id, code, now));
    Throttle throttle(transaction, now);
    if (check == CodeCheck::missing) {
      throttle.take_back(subjects);
      return Outcome<SignedIn>(std::unexpected(
          Refusal(Errc::not_signed_in, "code", "a code of the second factor is asked for")));
    }
    if (check == CodeCheck::wrong) return Outcome<SignedIn>(std::unexpected(wrong()));
    throttle.forgive(subjects);
    if (!rehashed.empty()) {
      CHECK_OK(secrets_.put(transaction, still->person.id, password_secret, Secret(rehashed), now));
    }
    const Actor actor = actor_of(still->person, visitor);
    note_of_user(transaction, actor, "sign_in", now);
    return begin_session(transaction, actor, visitor);
  };
  TRY(auto outcome, database_.write<Outcome<SignedIn>>(finish));
  if (outcome) {
    log::info("sign_in.done user={} peer={}", outcome->actor.user, log::quoted(visitor.peer));
  } else if (outcome.error().field.empty()) {
    log::warn("sign_in.refused user={} peer={}", candidate ? candidate->person.id : "unknown",
              log::quoted(visitor.peer));
  }
  return outcome;
}

Outcome<SignedIn> SignIn::resume(std::string_view cookie, const Visitor& visitor) {
  struct Found {
    store::Session session;
    Person person;
  };
  const Sha256 token = sha256(cookie);
  const WallTime now = clock_.wall_now();
  TRY(const auto found, database_.read<std::optional<Found>>(
                            [&](Transaction& transaction) -> Result<std::optional<Found>> {
                              auto session = store::Sessions(transaction).find(token);
                              if (!session || session->expires <= now) return std::nullopt;
                              auto person = find_person(transaction, session->user);
                              if (!person) return std::nullopt;
                              return Found{*std::move(session), *std::move(person)};
                            }));
  if (!found) return no_session();
  if (now - found->session.seen >= seen_step) {
    const auto seen = database_.write<bool>([&](Transaction& transaction) -> Result<bool> {
      store::Sessions(transaction).see(token, now);
      return true;
    });
    // A store that is busy now doesn't end a session: it is written the next time.
    if (!seen) log::warn("session.unseen reason={}", log::quoted(seen.error().context));
  }
  return SignedIn{.token = Secret(std::string(cookie)),
                  .csrf = csrf_token_of(cookie),
                  .actor = actor_of(found->person, visitor),
                  .expires = found->session.expires};
}

void SignIn::sign_out(std::string_view cookie) {
  const Sha256 token = sha256(cookie);
  const auto done = database_.write<bool>([&](Transaction& transaction) -> Result<bool> {
    store::Sessions sessions(transaction);
    const auto session = sessions.find(token);
    if (!session) return true;
    sessions.drop(token);
    if (const auto person = find_person(transaction, session->user)) {
      note_of_user(transaction, actor_of(*person, {.peer = session->peer, .user_agent = {}}),
                   "sign_out", clock_.wall_now());
    }
    return true;
  });
  if (!done) log::error("session.kept reason={}", log::quoted(done.error().context));
}

bool SignIn::csrf_matches(std::string_view cookie, std::string_view presented) {
  return equal_constant_time(csrf_token_of(cookie), presented);
}

}  // namespace sluice::admin
