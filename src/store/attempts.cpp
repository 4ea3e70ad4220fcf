#include "store/sessions.hpp"
#include "store/statement.hpp"

namespace sluice::store {

std::optional<Attempts> AttemptTable::find(std::string_view subject) {
  Statement statement(
      transaction_,
      "SELECT subject, failures, last_at, blocked_until FROM attempts WHERE subject = :subject");
  return first(statement.text("subject", subject), [](const Row& row) {
    return Attempts{.subject = row.text("subject"),
                    .failures = row.number("failures"),
                    .last = row.time("last_at"),
                    .blocked_until = row.optional_time("blocked_until")};
  });
}

void AttemptTable::put(const Attempts& attempts) {
  Statement(transaction_,
            "INSERT INTO attempts (subject, failures, last_at, blocked_until) "
            "VALUES (:subject, :failures, :last, :blocked) ON CONFLICT (subject) DO UPDATE SET "
            "failures = excluded.failures, last_at = excluded.last_at, blocked_until = "
            "excluded.blocked_until")
      .text("subject", attempts.subject)
      .number("failures", attempts.failures)
      .time("last", attempts.last)
      .time("blocked", attempts.blocked_until)
      .run();
}

void AttemptTable::drop(std::string_view subject) {
  Statement(transaction_, "DELETE FROM attempts WHERE subject = :subject")
      .text("subject", subject)
      .run();
}

void AttemptTable::drop_older(WallTime than) {
  Statement(transaction_, "DELETE FROM attempts WHERE last_at < :than").time("than", than).run();
}

}  // namespace sluice::store
