#include "store/revision.hpp"

#include "store/statement.hpp"
#include "store/watcher.hpp"

namespace sluice::store {

std::int64_t revision(Transaction& transaction) {
  return Statement(transaction, "SELECT number FROM revision").one_number().value_or(0);
}

void bump_revision(Transaction& transaction) {
  Statement(transaction, "UPDATE revision SET number = number + 1").run();
  if (transaction.engine() == Engine::postgresql) {
    Statement(transaction, std::string("NOTIFY ") + revision_channel).run();
  }
}

}  // namespace sluice::store
