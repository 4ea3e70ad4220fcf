#pragma once
/// The provider's side: reads requests, finds their `Call` by `x-soak-id`, and does what that says.

#include <memory>
#include <unordered_map>

#include "call.hpp"
#include "poller.hpp"

namespace sluice::soak {

class Provider final : public Handler {
 public:
  Provider(Poller& poller, const Board& board);
  ~Provider() override;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::size_t connections() const { return connections_.size(); }
  [[nodiscard]] std::uint64_t bytes_sent() const { return bytes_sent_; }
  /// Hangs up on all who are idle.
  void close_idle();

  void on_events(std::uint32_t events) override;

 private:
  class Connection;
  void drop(Connection& connection);

  Poller& poller_;
  const Board& board_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  std::uint64_t bytes_sent_ = 0;
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
};

}  // namespace sluice::soak
