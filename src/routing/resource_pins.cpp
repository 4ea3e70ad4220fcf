#include "routing/resource_pins.hpp"

#include <algorithm>

namespace sluice::routing {
namespace {

bool may_be_id(std::string_view text) {
  return !text.empty() && text.size() <= ResourcePins::resource_bytes_max &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

std::optional<AccountId> ResourcePins::find(std::string_view resource, WallTime now) const {
  const std::lock_guard lock(mutex_);
  const auto found = pins_.find(resource);
  if (found == pins_.end() || found->second.until <= now) return std::nullopt;
  return found->second.account;
}

void ResourcePins::learn(std::string_view resource, const AccountId& account, WallTime now) {
  if (!may_be_id(resource)) return;
  const WallTime until = now + kept_for;
  const std::lock_guard lock(mutex_);
  auto pin = pins_.find(resource);
  const bool known = pin != pins_.end() && pin->second.account == account;
  if (pin == pins_.end()) pin = pins_.try_emplace(std::string(resource)).first;
  put(pin, account, until);
  if (!known || until - pin->second.told >= told_after) {
    pin->second.told = until;
    new_.insert(pin->first);
  }
  make_room();
}

void ResourcePins::recall(std::vector<ResourcePin> pins) {
  const std::lock_guard lock(mutex_);
  for (ResourcePin& recalled : pins) {
    const auto [pin, is_new] = pins_.try_emplace(std::move(recalled.resource));
    if (!is_new && pin->second.until >= recalled.until) continue;
    put(pin, recalled.account, recalled.until);
    pin->second.told = recalled.until;
    make_room();
  }
}

std::vector<ResourcePin> ResourcePins::take_new() {
  std::vector<ResourcePin> taken;
  const std::lock_guard lock(mutex_);
  taken.reserve(new_.size());
  for (const std::string_view name : new_) {
    const auto pin = pins_.find(name);
    taken.push_back({pin->first, pin->second.account, pin->second.until});
  }
  new_.clear();
  return taken;
}

std::size_t ResourcePins::size() const {
  const std::lock_guard lock(mutex_);
  return pins_.size();
}

void ResourcePins::put(Pins::iterator pin, const AccountId& account, WallTime until) {
  by_end_.erase({pin->second.until, pin->first});
  pin->second.account = account;
  pin->second.until = until;
  by_end_.emplace(until, pin->first);
}

void ResourcePins::make_room() {
  while (pins_.size() > pins_max) {
    const std::string_view name = by_end_.begin()->second;
    by_end_.erase(by_end_.begin());
    new_.erase(name);
    pins_.erase(pins_.find(name));
  }
}

}  // namespace sluice::routing
