#include "admin/declared.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "admin/account_live.hpp"
#include "admin/account_view.hpp"
#include "admin/key_view.hpp"
#include "base/ascii.hpp"
#include "base/log.hpp"

namespace sluice::admin {
namespace {

constexpr std::string_view id_prefix = "declared:";

std::string_view name_in(std::string_view which) {
  if (which.starts_with(id_prefix)) which.remove_prefix(id_prefix.size());
  return which;
}

template <class Declarations>
const auto* find_in(const Declarations& declared, std::string_view which) {
  const auto found = std::find_if(declared.begin(), declared.end(),
                                  [&](const auto& one) { return one.name == name_in(which); });
  return found == declared.end() ? nullptr : &*found;
}

View whole(const std::string& name, const View& fields) {
  View view;
  view["id"] = std::string(id_prefix) + name;
  view["name"] = name;
  view["version"] = 0;
  view["declared"] = true;
  for (const auto& member : fields) view[member.key()] = member.value();
  view["created"] = nullptr;
  view["updated"] = nullptr;
  return view;
}

View view_of_account(const Desk& desk, const provider::AccountSettings& account) {
  AccountFacts facts;
  const provider::Credential& credential = account.credential;
  facts.secret_hint = credential.kind == provider::Credential::Kind::oauth2
                          ? credential.oauth2.refresh_token.hint()
                          : credential.secret.hint();
  facts.rests = store::AccountRests(desk.transaction).of(account.id.str());
  View view = whole(account.name, account_view(account, facts, desk.now));
  show_now(desk, view);
  return view;
}

View view_of_key(const Desk& desk, const identity::Key& key) {
  return whole(key.name, key_view(key, KeyFacts{}, desk.now));
}

}  // namespace

std::vector<View> declared_views(const Desk& desk, Kind kind, std::string_view text) {
  const auto wanted = [needle = ascii::to_lower(text)](const auto& one) {
    return ascii::to_lower(one.name).find(needle) != std::string::npos;
  };
  std::vector<View> out;
  if (kind == Kind::account) {
    for (const auto& account : desk.declared.accounts) {
      if (wanted(account)) out.push_back(view_of_account(desk, account));
    }
  }
  if (kind == Kind::key) {
    for (const auto& key : desk.declared.keys) {
      if (wanted(key)) out.push_back(view_of_key(desk, key));
    }
  }
  return out;
}

std::optional<View> find_declared(const Desk& desk, Kind kind, std::string_view which) {
  if (kind == Kind::account) {
    const auto* account = find_in(desk.declared.accounts, which);
    if (account != nullptr) return view_of_account(desk, *account);
  }
  if (kind == Kind::key) {
    const auto* key = find_in(desk.declared.keys, which);
    if (key != nullptr) return view_of_key(desk, *key);
  }
  return {};
}

const provider::AccountSettings* find_declared_account(const Declared& declared,
                                                       std::string_view which) {
  return find_in(declared.accounts, which);
}

bool is_declared(const Declared& declared, Kind kind, std::string_view which) {
  return (kind == Kind::account && find_in(declared.accounts, which) != nullptr) ||
         (kind == Kind::key && find_in(declared.keys, which) != nullptr);
}

Outcome<void> refuse_declared(const Declared& declared, Kind kind, std::string_view which,
                              std::string_view field) {
  if (!is_declared(declared, kind, which)) return {};
  return std::unexpected(Refusal(Errc::already_exists, std::string(field),
                                 fmt::format("the {} {} is declared in the configuration file",
                                             to_string(kind), log::quoted(name_in(which)))));
}

}  // namespace sluice::admin
