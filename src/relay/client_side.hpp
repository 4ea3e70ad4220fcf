#pragma once
/// The client of a request while we work for it: watched in every wait, kept patient, and bound by the deadline of the whole.

#include "dialect/dialect.hpp"
#include "http/exchange.hpp"
#include "relay/snapshot.hpp"

namespace sluice::relay {

class ClientSide {
 public:
  struct Wishes {
    bool stream = false;    // it asked for one, so that comments can keep it patient
    bool billable = false;  // worth reading on without it
    TimePoint started;
  };
  ClientSide(http::Exchange& exchange, const dialect::Dialect& dialect, const RelayLimits& limits,
             const Wishes& wishes);
  ClientSide(const ClientSide&) = delete;
  ClientSide& operator=(const ClientSide&) = delete;

  [[nodiscard]] http::Exchange& exchange() const { return exchange_; }
  [[nodiscard]] net::Timer& timer() const { return exchange_.timer(); }
  [[nodiscard]] bool is_there() const { return is_there_; }
  /// To be watched; null once the work goes on without it.
  [[nodiscard]] net::Descriptor* gone() const { return is_there_ ? &exchange_.client() : nullptr; }
  /// It isn't there any more. True: the answer is read on for its usage (`on_client_gone = "drain"`, bounded by
  /// drain_limit_seconds), and nothing more is written.
  [[nodiscard]] bool go_on_without();
  /// A head went to it before a provider's was here: what fails now can only be told in-band.
  [[nodiscard]] bool has_early_head() const { return has_early_head_; }
  [[nodiscard]] TimePoint deadline() const { return deadline_; }

  /// Something was written to it, or came for it: it needs no comment for a while.
  void note_sign_of_life(TimePoint now) { comment_due_ = due(now, keepalive_); }

  /// The wait, with the client in it. `comments`: one of ours may stand where its stream is now.
  [[nodiscard]] net::WaitFor watch(net::WaitFor what, bool comments) const {
    what.gone = gone();
    what.deadline = std::min(what.deadline, deadline_);
    if (comments && is_there_) what.deadline = std::min(what.deadline, comment_due_);
    return what;
  }
  /// After such a wait brought nothing: keeps the client's stream alive, or says why not.
  /// Errors: client_gone; upstream_timeout, which names `limit`.
  [[nodiscard]] net::Task<Status> after_silence(net::Wake wake, TimePoint deadline,
                                                const char* limit);
  /// For waits before a call: nobody is called for a client that is gone, whatever `go_on_without` says. Errors: client_gone.
  [[nodiscard]] Status still_there() const;
  [[nodiscard]] std::unexpected<Error> out_of_time(const char* limit) const;

 private:
  [[nodiscard]] net::Task<Status> keep_alive();

  http::Exchange& exchange_;
  const dialect::Dialect& dialect_;
  Milliseconds keepalive_;
  Milliseconds drain_limit_;
  TimePoint deadline_;
  TimePoint comment_due_ = time_never;
  bool may_drain_;
  bool is_there_ = true;
  bool has_early_head_ = false;
};

}  // namespace sluice::relay
