#pragma once
/// Asks accounts for an answer until one gives it: chooses, calls, judges what failed, and asks again where that can help. Within
/// one deadline and one budget of attempts, whatever combination of retries it takes; before the first output only.
/// docs/routing.md tells it in prose.

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "relay/provider_answer.hpp"

namespace sluice::relay {

class Failover {
 public:
  static constexpr int attempts_max = 20;  // what `max_attempts` can be
  /// How long a request waits for another one that tries its only account out, and for a refreshed token.
  static constexpr Milliseconds probe_patience{10000};
  static constexpr Milliseconds refresh_patience{5000};
  /// A wait that a provider asks for is not worth a client's time beyond this.
  static constexpr Milliseconds told_wait_max{2000};
  /// Of the backoff on one account: the first bound, which doubles, and the last.
  static constexpr Milliseconds backoff_first{100};
  static constexpr Milliseconds backoff_max{5000};

  /// The answer that flows, or the most telling of the refusals that came.
  using Decided = std::variant<std::unique_ptr<ProviderAnswer>, WholeAnswer>;

  Failover(RelayContext& context, RelayRequest& request, ClientSide& client,
           CurrentSnapshot& current);
  Failover(const Failover&) = delete;
  Failover& operator=(const Failover&) = delete;

  /// Errors: no_account (with the time of the soonest recovery), upstream_* (nothing more telling came), client_gone.
  [[nodiscard]] net::Task<Result<Decided>> run();

 private:
  using Lease = routing::AccountLease;
  using Chosen = std::expected<Lease, routing::Unavailable>;
  // Whom to ask.
  [[nodiscard]] Chosen lease(const routing::Moment& at) const;
  [[nodiscard]] bool take_at_once(Chosen& chosen);
  [[nodiscard]] net::FairLine::Need need() const;
  [[nodiscard]] net::Task<Result<Chosen>> choose();
  [[nodiscard]] TimePoint worth_waiting_until(const routing::Unavailable& unavailable) const;
  [[nodiscard]] Error refusal(const routing::Unavailable& unavailable) const;

  // Asking.
  void begin_record();
  [[nodiscard]] std::unique_ptr<ProviderAnswer> begin_attempt();
  [[nodiscard]] Status end_attempt(ProviderAnswer& answer, const Status& done);
  void note_asked(std::size_t account);
  [[nodiscard]] Result<std::string_view> body_for(const routing::Account& account);
  void note_success(ProviderAnswer& answer);
  void note_failure(ProviderAnswer& answer, const Status& done);
  void keep_most_telling(ProviderAnswer& answer, const Status& done);

  // Asking again. What gives a lease gives an empty one where it ends here.
  [[nodiscard]] net::Task<Result<Lease>> next();
  [[nodiscard]] net::Task<Result<Lease>> other_account();
  [[nodiscard]] net::Task<Result<Lease>> same_account();
  [[nodiscard]] net::Task<Result<bool>> wait_for_refresh();
  [[nodiscard]] net::Task<Status> pause(Milliseconds duration);
  [[nodiscard]] bool repair();

  [[nodiscard]] const routing::Account& account() const {
    return request_.snapshot->accounts.accounts()[lease_.index()];
  }

  RelayContext& context_;
  RelayRequest& request_;
  ClientSide& client_;
  CurrentSnapshot& current_;
  const TimePoint probed_by_;  // until then it waits for another one's probe
  const std::optional<AccountId> pinned_;

  Lease lease_;  // of the next attempt; then of the one that failed
  routing::Verdict verdict_;
  std::array<std::size_t, attempts_max> asked_{};  // accounts, by index, and those passed over
  std::size_t asked_count_ = 0;
  const provider::Upstream* refreshed_ = nullptr;  // lease_'s account with its new token
  std::string repaired_;  // the body without signatures; empty: as the client wrote it
  std::string edited_;    // with the provider's name of the model
  int attempts_ = 0;
  int pauses_ = 0;
  bool has_repaired_ = false;
  bool has_refreshed_ = false;

  int rank_ = -1;  // of what is kept; -1: nothing
  std::variant<Error, WholeAnswer> most_telling_;
};

}  // namespace sluice::relay
