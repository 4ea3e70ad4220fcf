#pragma once
/// The thread for what isn't a request: a loop of its own, on which access tokens are kept fresh. SQL may block it.

#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "app/token_keeper.hpp"
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
  /// The provider refused the account's token.
  void ask_soon(AccountId account);

 private:
  void on_tick();
  static constexpr int ticks_a_look = 10;  // about a second

  net::Loop loop_;
  SeededRandom random_;
  net::Dialer dialer_;
  ControlClient client_;
  StoredTokens tokens_;
  TokenKeeper keeper_;
  int ticks_ = 0;
  std::optional<TimePoint> stop_at_;  // the loop's own
  std::thread thread_;
};

}  // namespace sluice::app
