#pragma once
/// The client's side: so many connections, each of which makes one request after the other and looks closely at what
/// comes back.

#include <functional>
#include <memory>
#include <vector>

#include "call.hpp"
#include "poller.hpp"

namespace sluice::soak {

class Client {
 public:
  /// The next request of any connection; null: there are no more.
  using Source = std::function<CallPtr()>;
  using Done = std::function<void(Call&)>;

  struct Plan {
    std::uint16_t port = 0;
    std::size_t connections = 64;
    Milliseconds patience{60000};  // for a whole request, however it is to end
    std::uint8_t sources = 1;      // addresses to call from
    Milliseconds ramp{0};          // the connections begin over this time
  };

  Client(Poller& poller, Board& board, const Plan& plan, Source source, Done done);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  /// All requests are over.
  [[nodiscard]] bool finished() const { return busy_ == 0; }
  void close_all();

 private:
  class Connection;

  Poller& poller_;
  Board& board_;
  Plan plan_;
  Source source_;
  Done done_;
  std::size_t busy_ = 0;
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace sluice::soak
