#pragma once
/// Keeps the access tokens of OAuth2 accounts fresh: asks ahead of their end, once for all processes (stored_tokens.hpp),
/// again and again while the server is ill, and no more once it has refused for good.
///
/// All of it belongs to one loop, which serves no request: SQL may block it (control_loop.hpp).

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/control_client.hpp"
#include "app/stored_tokens.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "routing/account_pool.hpp"

namespace sluice::app {

struct KeptAccount {
  provider::AccountSettings settings;
  /// Where a request that got 401 says so; may be null.
  std::shared_ptr<routing::AccountState> state;
  /// How often an operator has forgiven it.
  std::int64_t lifts = 0;
};

class TokenKeeper {
 public:
  using Call = std::function<net::Task<Result<ControlAnswer>>(ControlCall)>;
  static constexpr std::size_t asks_max = 8;            // at the same time
  static constexpr std::chrono::seconds busy_wait{2};   // while another process asks
  static constexpr std::chrono::seconds store_wait{1};  // before the store is tried again

  TokenKeeper(net::Loop& loop, StoredTokens& tokens, Random& random, Call call)
      : loop_(loop), tokens_(tokens), random_(random), call_(std::move(call)) {}
  TokenKeeper(const TokenKeeper&) = delete;
  TokenKeeper& operator=(const TokenKeeper&) = delete;

  /// All accounts; those that need no tokens are passed over. Called whenever any has changed.
  void use(std::vector<KeptAccount> accounts);
  /// The provider refused its token: look at it at the next tick.
  void ask_soon(const AccountId& account);
  /// Called when the token endpoint has refused an account for good (unauthorized), and when it has given a token again
  /// (ready). That is in the store by then. May be empty.
  std::function<void(const provider::AccountSettings& account, routing::Condition before,
                     routing::Condition now, const std::string& reason)>
      on_state;
  /// Every second or so: begins what is due.
  void tick();
  /// Begins nothing more from now on.
  void finish() { finishing_ = true; }
  /// Nothing runs.
  [[nodiscard]] bool idle() const { return tasks_.size() == 0; }

 private:
  struct Entry {
    provider::AccountSettings account;
    std::shared_ptr<routing::AccountState> state;
    WallTime due;          // by the calendar: when its token wants to be refreshed
    TimePoint not_before;  // by the clock: after a failure
    std::optional<WallTime> expires;
    int failures = 0;
    bool refused = false;       // by the provider: refresh before it is due
    bool unauthorized = false;  // by the token endpoint, for good
    bool told = false;          // of that
    /// An account of the file is tried again after a start, with another credential, or when an operator says so: what the
    /// server refused before that is forgiven, once.
    WallTime forgiven_until;
    std::int64_t lifts = 0;
    bool running = false;
    bool changed = false;  // while it ran
  };
  using Turn = StoredTokens::Turn;
  using Answer = std::expected<provider::FreshAccess, provider::RefreshFailure>;

  static void look_again(Entry& entry);
  void drop_expired(Entry& entry);
  void tell(Entry& entry, const provider::AccountSettings& account, bool unauthorized,
            const std::string& reason);
  [[nodiscard]] net::Task<void> run(std::shared_ptr<Entry> entry);
  [[nodiscard]] net::Task<void> take_turn(Entry& entry, provider::AccountSettings& account);
  [[nodiscard]] net::Task<void> ask(Entry& entry, provider::AccountSettings& account, Turn& turn);
  [[nodiscard]] net::Task<Answer> ask_server(provider::AccountSettings& account,
                                             provider::OAuth2Credential& credential);
  /// Tries until the store takes it: a rotated token that isn't written is lost.
  [[nodiscard]] net::Task<bool> write(std::string& account, std::function<Result<bool>()>& write);
  void postpone(Entry& entry, const provider::RefreshFailure& failure);

  net::Loop& loop_;
  StoredTokens& tokens_;
  Random& random_;
  Call call_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;  // by id
  bool finishing_ = false;
  net::TaskSet tasks_;
};

}  // namespace sluice::app
