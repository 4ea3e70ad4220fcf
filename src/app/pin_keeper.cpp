#include "app/pin_keeper.hpp"

#include <utility>

#include "base/log.hpp"

namespace sluice::app {

using routing::ResourcePins;
using store::Transaction;

void PinKeeper::tick() {
  const Status done = exchange();
  if (!done && !failing_) {
    log::warn("store.unwritten what=\"pins of resources\" reason={}",
              log::quoted(done.error().context));
  }
  failing_ = !done;
}

Status PinKeeper::exchange() {
  CHECK_OK(write());
  return read();
}

Status PinKeeper::write() {
  for (routing::ResourcePin& pin : pins_->take_new()) {
    unwritten_.push_back({std::move(pin.resource), pin.account.str(), pin.until});
  }
  if (unwritten_.size() > ResourcePins::pins_max) {
    const auto excess = static_cast<std::ptrdiff_t>(unwritten_.size() - ResourcePins::pins_max);
    unwritten_.erase(unwritten_.begin(), unwritten_.begin() + excess);
  }
  const WallTime now = clock_.wall_now();
  const bool expire = now >= expire_at_;
  if (unwritten_.empty() && !expire) return {};
  const auto put = [&](Transaction& transaction) -> Result<bool> {
    store::ResourcePins table(transaction);
    table.put(unwritten_);
    if (expire) table.expire(now, ResourcePins::pins_max);
    return true;
  };
  TRY(const bool done, database_.write<bool>(put));
  static_cast<void>(done);
  unwritten_.clear();
  if (expire) expire_at_ = now + between_expiries;
  return {};
}

Status PinKeeper::read() {
  struct News {
    std::int64_t number = 0;
    std::vector<store::ResourcePin> pins;
  };
  const auto look = [&](Transaction& transaction) -> Result<News> {
    store::ResourcePins table(transaction);
    News news{.number = table.number(), .pins = {}};
    // Less than there was: a backup was put back.
    const std::int64_t known = news.number < read_up_to_ ? 0 : read_up_to_;
    if (news.number > known) news.pins = table.after(known, ResourcePins::pins_max);
    return news;
  };
  TRY(News news, database_.read<News>(look));
  read_up_to_ = news.number;
  if (news.pins.empty()) return {};
  std::vector<routing::ResourcePin> pins;
  pins.reserve(news.pins.size());
  for (store::ResourcePin& pin : news.pins) {
    pins.push_back({std::move(pin.resource), AccountId(std::move(pin.account)), pin.until});
  }
  pins_->recall(std::move(pins));
  return {};
}

}  // namespace sluice::app
