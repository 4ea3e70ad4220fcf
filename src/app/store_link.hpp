#pragma once
/// The store as a running server has it: opened, read whole, watched, and told of use. Requests never wait for it: they read
/// the snapshot that was made of the last `entities()`.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "admin/entities.hpp"
#include "app/config.hpp"
#include "app/pin_keeper.hpp"
#include "relay/snapshot.hpp"
#include "store/watcher.hpp"

namespace sluice::app {

class StoreLink {
 public:
  /// Opens the store and the master key file, creating what isn't there, and reads all accounts and keys.
  [[nodiscard]] static Result<std::unique_ptr<StoreLink>> open(const Config& config,
                                                               const Clock& clock);
  StoreLink(const StoreLink&) = delete;
  StoreLink& operator=(const StoreLink&) = delete;
  /// `stop`.
  ~StoreLink();

  [[nodiscard]] store::Database& database() { return *database_; }
  [[nodiscard]] store::SecretBox& secrets() { return *secrets_; }
  [[nodiscard]] std::shared_ptr<const admin::Entities> entities() const;

  /// From now on `on_change` is called, on a thread of ours, whenever `entities()` is a newer one.
  void start(std::function<void()> on_change);
  /// The use of these keys is written down from now on: a first use within a second, later ones now and then.
  void watch_use(std::shared_ptr<const relay::Snapshot> snapshot);
  /// These are what the store knows from now on, and it knows what they learn within a second. Before `start`.
  void keep_pins(std::shared_ptr<routing::ResourcePins> pins);
  /// Writes down what is left, and ends the threads.
  void stop();

 private:
  StoreLink(std::unique_ptr<store::Database> database, std::unique_ptr<store::SecretBox> secrets,
            const Clock& clock);
  [[nodiscard]] Status read();
  void keep();
  void write_use(bool all);

  static constexpr Milliseconds look{500};
  static constexpr int looks_a_flush = 20;  // of later uses: every 10 s

  const std::unique_ptr<store::Database> database_;
  const std::unique_ptr<store::SecretBox> secrets_;
  const Clock& clock_;
  std::function<void()> on_change_;

  mutable std::mutex mutex_;
  std::shared_ptr<const admin::Entities> entities_;
  std::shared_ptr<const relay::Snapshot> snapshot_;
  bool stale_ = false;  // a change was told of and couldn't be read
  bool stopping_ = false;
  std::condition_variable stop_;

  std::unordered_map<std::string, std::int64_t> written_;  // last uses, by key: the keeper's own
  std::unique_ptr<PinKeeper> pins_;                        // likewise
  std::unique_ptr<store::Watcher> watcher_;
  std::thread keeper_;
};

}  // namespace sluice::app
