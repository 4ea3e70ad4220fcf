#pragma once
/// What accounts serve, each distinct list once: of a thousand accounts most share one, and a choice asks it once.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "routing/account.hpp"

namespace sluice::routing {

class AccountMenus {
 public:
  AccountMenus() = default;
  explicit AccountMenus(const std::vector<Account>& accounts);
  /// Of an account, by index.
  [[nodiscard]] std::uint32_t menu_of(std::uint32_t account) const { return of_account_[account]; }

 private:
  friend class MenuAnswers;
  std::vector<std::uint32_t> of_account_;  // by index
  std::vector<std::uint32_t> examples_;    // of each menu, an account that has it
};

/// Which accounts serve one model, and under which name. Asked and forgotten within one choice.
class MenuAnswers {
 public:
  MenuAnswers(const AccountMenus& menus, const std::vector<Account>& accounts,
              std::string_view model);

  struct Answer {
    bool serves = false;
    std::string_view upstream_model;  // lives with the account, or is the client's own
    /// Of the provider's name: models that clients tell apart and the provider doesn't rest together, and share its cache.
    ModelHash hash = 0;
  };
  [[nodiscard]] const Answer& of(std::uint32_t account) { return of_menu(menus_.menu_of(account)); }
  [[nodiscard]] const Answer& of_menu(std::uint32_t menu);

 private:
  static constexpr std::size_t kept = 32;  // more menus than these are asked more than once
  static constexpr std::uint32_t none = UINT32_MAX;

  const AccountMenus& menus_;
  const std::vector<Account>& accounts_;
  std::string_view model_;
  std::array<std::uint32_t, kept> asked_;  // which menu the answer is of
  std::array<Answer, kept> answers_;
};

}  // namespace sluice::routing
