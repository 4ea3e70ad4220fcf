#include "routing/account_pool.hpp"

#include "routing/account_choice.hpp"

namespace sluice::routing {
namespace {

/// Between a choice and its slot another thread may come first; then we choose again. So often in a row is no bad luck any more.
constexpr int choices_max = 100;

}  // namespace

AccountPool::AccountPool(std::vector<Account> accounts, std::shared_ptr<RoutingMemory> memory)
    : accounts_(std::move(accounts)), memory_(std::move(memory)), menus_(accounts_) {
  for (std::uint32_t i = 0; i < accounts_.size(); ++i) {
    by_hash_.emplace(accounts_[i].state->hash, i);
  }
}

std::size_t AccountPool::route(std::vector<std::string> pools, std::vector<std::string> names) {
  return classes_.route(accounts_, menus_, memory_->sessions, std::move(pools), std::move(names));
}

bool AccountPool::has_choice(std::size_t route) const { return classes_.accounts_of(route) > 1; }

std::expected<AccountLease, Unavailable> AccountPool::lease(const Need& need) const {
  AccountChoice choice(*this, need);
  for (int i = 0; i < choices_max; ++i) {
    const auto picked = choice.choose();
    if (!picked) {
      const Unavailable none = choice.why_none();
      if (none.why != Unavailable::Why::resting) return std::unexpected(none);
      auto early = choice.early_probe();
      if (!early) return std::unexpected(none);
      const Account& account = accounts_[early->index];
      if (account.state->take_slot(account.max_concurrency)) {
        return AccountLease(account.state, *memory_, std::move(*early));
      }
      account.state->health.give_probe_back(early->model_hash);
      return std::unexpected(none);
    }
    const Account& account = accounts_[picked->index];
    if (!account.state->take_slot(account.max_concurrency)) continue;
    AccountLease::Terms terms = choice.terms(*picked);
    if (picked->probe && !account.state->health.take_probe(need.at.now, terms.model_hash)) {
      account.state->give_slot_back();
      continue;
    }
    memory_->sessions.expect(need.session, account.state->hash, need.at.now);
    return AccountLease(account.state, *memory_, std::move(terms));
  }
  return std::unexpected(Unavailable{.why = Unavailable::Why::full});
}

}  // namespace sluice::routing
