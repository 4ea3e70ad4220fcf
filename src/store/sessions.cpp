#include "store/sessions.hpp"

#include "store/statement.hpp"

namespace sluice::store {

namespace {

std::string hex(const Sha256& token) {
  return to_hex({reinterpret_cast<const char*>(token.data()), token.size()});
}

Session session_of(const Row& row) {
  Session session{.user = row.text("user_id"),
                  .created = row.time("created_at"),
                  .expires = row.time("expires_at"),
                  .seen = row.time("seen_at"),
                  .peer = row.text("peer"),
                  .user_agent = row.text("user_agent")};
  (void)from_hex(row.text("token"), session.token);
  return session;
}

constexpr const char* select_of_token =
    "SELECT token, user_id, created_at, expires_at, seen_at, peer, user_agent FROM sessions WHERE "
    "token = :token";
constexpr const char* select_of_user =
    "SELECT token, user_id, created_at, expires_at, seen_at, peer, user_agent FROM sessions WHERE "
    "user_id = :user "
    "ORDER BY created_at, token";

}  // namespace

void Sessions::insert(const Session& session) {
  Statement(
      transaction_,
      "INSERT INTO sessions (token, user_id, created_at, expires_at, seen_at, peer, user_agent) "
      "VALUES (:token, :user, :created, :expires, :seen, :peer, :agent)")
      .text("token", hex(session.token))
      .text("user", session.user)
      .time("created", session.created)
      .time("expires", session.expires)
      .time("seen", session.seen)
      .text("peer", session.peer)
      .text("agent", session.user_agent)
      .run();
}

std::optional<Session> Sessions::find(const Sha256& token) {
  Statement statement(transaction_, select_of_token);
  return first(statement.text("token", hex(token)), session_of);
}

void Sessions::see(const Sha256& token, WallTime at) {
  Statement(transaction_, "UPDATE sessions SET seen_at = :at WHERE token = :token")
      .time("at", at)
      .text("token", hex(token))
      .run();
}

void Sessions::drop(const Sha256& token) {
  Statement(transaction_, "DELETE FROM sessions WHERE token = :token")
      .text("token", hex(token))
      .run();
}

void Sessions::drop_all(std::string_view user, std::optional<Sha256> except) {
  Statement(transaction_, "DELETE FROM sessions WHERE user_id = :user AND token <> :except")
      .text("user", user)
      .text("except", except ? hex(*except) : std::string())
      .run();
}

void Sessions::drop_expired(WallTime now) {
  Statement(transaction_, "DELETE FROM sessions WHERE expires_at <= :now").time("now", now).run();
}

std::vector<Session> Sessions::of(std::string_view user) {
  Statement statement(transaction_, select_of_user);
  return collect(statement.text("user", user), session_of);
}

}  // namespace sluice::store
