#include "app/store_link.hpp"

#include "app/stored_tokens.hpp"
#include "base/log.hpp"
#include "store/activity.hpp"

namespace sluice::app {

StoreLink::StoreLink(std::unique_ptr<store::Database> database,
                     std::unique_ptr<store::SecretBox> secrets, const Clock& clock)
    : database_(std::move(database)), secrets_(std::move(secrets)), clock_(clock) {}

Result<std::unique_ptr<StoreLink>> StoreLink::open(const Config& config, const Clock& clock) {
  TRY(auto database,
      store::Database::open({.url = config.store.url, .data_dir = config.store.data_dir}));
  TRY(auto secrets, store::SecretBox::open(*database, config.security.master_key_file));
  std::unique_ptr<StoreLink> link(new StoreLink(std::move(database), std::move(secrets), clock));
  CHECK_OK(link->read());
  return link;
}

StoreLink::~StoreLink() { stop(); }

std::shared_ptr<const admin::Entities> StoreLink::entities() const {
  const std::lock_guard lock(mutex_);
  return entities_;
}

Status StoreLink::read() {
  TRY(auto entities, admin::load_entities(*database_, *secrets_));
  CHECK_OK(fill_access_tokens(*database_, *secrets_, entities.accounts, clock_.wall_now()));
  for (const std::string& fault : entities.faults) {
    log::error("store.unreadable reason={}", log::quoted(fault));
  }
  auto shared = std::make_shared<const admin::Entities>(std::move(entities));
  const std::lock_guard lock(mutex_);
  entities_ = std::move(shared);
  stale_ = false;
  return {};
}

void StoreLink::start(std::function<void()> on_change) {
  on_change_ = std::move(on_change);
  watcher_ =
      std::make_unique<store::Watcher>(*database_, entities()->revision, [this](std::int64_t) {
        const Status done = read();
        if (done) return on_change_();
        log::warn("store.unread reason={}", log::quoted(done.error().context));
        const std::lock_guard lock(mutex_);
        stale_ = true;  // the keeper tries again
      });
  keeper_ = std::thread([this] { keep(); });
}

void StoreLink::watch_use(std::shared_ptr<const relay::Snapshot> snapshot) {
  const std::lock_guard lock(mutex_);
  snapshot_ = std::move(snapshot);
}

void StoreLink::keep_pins(std::shared_ptr<routing::ResourcePins> pins) {
  pins_ = std::make_unique<PinKeeper>(*database_, std::move(pins), clock_);
  pins_->tick();
}

void StoreLink::stop() {
  watcher_.reset();
  if (!keeper_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  keeper_.join();
  write_use(true);
  if (pins_) pins_->tick();
}

void StoreLink::keep() {
  for (int looks = 1;; ++looks) {
    bool stale = false;
    {
      std::unique_lock lock(mutex_);
      if (stop_.wait_for(lock, look, [this] { return stopping_; })) return;
      stale = stale_;
    }
    if (stale && read()) on_change_();
    write_use(looks % looks_a_flush == 0);
    if (pins_) pins_->tick();
    log::flush();
  }
}

void StoreLink::write_use(bool all) {
  std::shared_ptr<const relay::Snapshot> snapshot;
  {
    const std::lock_guard lock(mutex_);
    snapshot = snapshot_;
  }
  if (!snapshot) return;
  std::vector<store::KeyActivity> news;
  bool starts_a_term = false;
  const auto& keys = snapshot->keys.keys();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const relay::KeyState& state = *snapshot->key_states[i];
    const std::int64_t last = state.last_used.load(std::memory_order_relaxed);
    if (keys[i].declared || last == 0) continue;
    const auto written = written_.find(keys[i].id.str());
    const bool first = written == written_.end();
    if (!first && (!all || written->second == last)) continue;
    const std::int64_t first_used = state.first_used.load(std::memory_order_relaxed);
    news.push_back({.key = keys[i].id.str(),
                    .first_used = relay::KeyState::from_seconds(first_used),
                    .last_used = relay::KeyState::from_seconds(last)});
    starts_a_term = starts_a_term || (first && !keys[i].expiry.first_used &&
                                      keys[i].expiry.after_first_use.count() > 0);
  }
  if (news.empty()) return;
  const auto note = [&](store::Transaction& transaction) -> Result<bool> {
    store::Activity(transaction).note(news);
    // Other servers learn when the key ends.
    if (starts_a_term) transaction.touch();
    return true;
  };
  if (const auto done = database_->write<bool>(note); !done) {
    log::warn("store.unwritten what=\"use of keys\" reason={}", log::quoted(done.error().context));
    return;
  }
  for (const store::KeyActivity& key : news) {
    written_[key.key] = relay::KeyState::to_seconds(*key.last_used);
  }
}

}  // namespace sluice::app
