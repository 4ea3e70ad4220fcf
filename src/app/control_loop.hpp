#pragma once
/// The thread for what isn't a request: a loop of its own, on which access tokens are kept fresh, accounts are watched, and
/// alerts are posted. SQL may block it.

#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "app/account_watch.hpp"
#include "app/token_keeper.hpp"
#include "app/webhook_sender.hpp"
#include "net/dialer.hpp"

namespace sluice::app {

class ControlLoop {
 public:
  struct Parts {
    const Clock& clock;
    net::Resolver& resolver;
    net::AddressRule rule;
    http::TlsContexts& tls_contexts;
    store::Database& database;
    store::SecretBox& secrets;
    routing::StateEvents& events;
    std::string node_name;  // for people
  };
  /// How long `stop` waits for an answer that may hold a rotated token.
  static constexpr std::chrono::seconds finish_max{20};

  explicit ControlLoop(const Parts& parts);
  ControlLoop(const ControlLoop&) = delete;
  ControlLoop& operator=(const ControlLoop&) = delete;
  /// `stop`.
  ~ControlLoop() { stop(); }

  void start();
  /// Lets what runs come to its end, and ends the thread.
  void stop();

  // Any thread:
  /// All accounts, whenever any has changed; see `TokenKeeper::use`.
  void use(std::vector<KeptAccount> accounts);
  /// The accounts that requests may go to, whenever any has changed; see `AccountWatch::use`.
  void watch(std::vector<WatchedAccount> accounts, std::vector<store::AccountRest> remembered);
  /// All webhooks, whenever any has changed.
  void use_webhooks(std::vector<WebhookConfig> webhooks);
  [[nodiscard]] const AccountWatch::Counts& state_counts() const { return watch_.counts(); }
  [[nodiscard]] const WebhookSender::Counts& alert_counts() const { return sender_.counts(); }
  /// The provider refused the account's token.
  void ask_soon(AccountId account);

 private:
  void on_tick();
  void finish();
  void on_token_state(const provider::AccountSettings& account, routing::Condition before,
                      routing::Condition now, const std::string& reason);
  [[nodiscard]] routing::Moment moment() const {
    return {.now = loop_.now(), .wall = loop_.wall_now()};
  }
  static constexpr int ticks_a_look = 10;  // about a second
  static constexpr int ticks_a_watch = 2;  // about 200 ms

  net::Loop loop_;
  SeededRandom random_;
  net::Dialer dialer_;
  ControlClient client_;
  const NodeName node_;
  StoredTokens tokens_;
  TokenKeeper keeper_;
  WebhookSender sender_;
  AccountWatch watch_;
  int ticks_ = 0;
  std::optional<TimePoint> stop_at_;  // the loop's own
  std::thread thread_;
};

}  // namespace sluice::app
