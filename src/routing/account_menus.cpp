#include "routing/account_menus.hpp"

#include <map>
#include <tuple>

namespace sluice::routing {

AccountMenus::AccountMenus(const std::vector<Account>& accounts) {
  std::map<std::tuple<decltype(Account::models), decltype(Account::model_map)>, std::uint32_t>
      known;
  of_account_.reserve(accounts.size());
  for (const Account& account : accounts) {
    const auto next = static_cast<std::uint32_t>(examples_.size());
    const auto [menu, added] = known.try_emplace({account.models, account.model_map}, next);
    if (added) examples_.push_back(static_cast<std::uint32_t>(of_account_.size()));
    of_account_.push_back(menu->second);
  }
}

MenuAnswers::MenuAnswers(const AccountMenus& menus, const std::vector<Account>& accounts,
                         std::string_view model)
    : menus_(menus), accounts_(accounts), model_(model) {
  asked_.fill(none);
}

const MenuAnswers::Answer& MenuAnswers::of_menu(std::uint32_t menu) {
  Answer& answer = answers_[menu % kept];
  if (asked_[menu % kept] == menu) return answer;
  asked_[menu % kept] = menu;
  if (model_.empty()) {
    answer = {.serves = true, .upstream_model = {}, .hash = 0};
    return answer;
  }
  const Account& example = accounts_[menus_.examples_[menu]];
  answer.serves = example.serves(model_);
  answer.upstream_model = example.upstream_model(model_);
  answer.hash = model_hash(answer.upstream_model);
  return answer;
}

}  // namespace sluice::routing
