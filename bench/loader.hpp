#pragma once
/// Connections that send one and the same request again and again, and the books about it.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "channel.hpp"
#include "poller.hpp"
#include "response_reader.hpp"
#include "tally.hpp"

namespace sluice::bench {

struct Target {
  std::string host;
  std::uint16_t port;
  SSL_CTX* tls;                 // null: plain
  std::string request;          // head and body, sent as it is
  bool stream;                  // the answer must be events and end with message_stop
  std::size_t begins_with = 1;  // deltas, until a stream counts as begun
};

/// One thread, one epoll. A mode of the load generator is a loop around `start` and `turn`.
class Loader {
 public:
  explicit Loader(Target target) : target_(std::move(target)) {}

  /// Sends a request on a kept-alive connection, or a new one. Its latency counts from `intended`:
  /// a request that leaves late because we were busy is late all the same (no coordinated
  /// omission).
  void start(Time intended);
  /// Handles what is ready, waiting for it until `until` at the latest.
  void turn(std::optional<Time> until);
  /// `turn` comes back for this descriptor too; `is_told` is true from then on.
  void also_watch(int fd) { poller_.add(fd, told_tag); }
  [[nodiscard]] bool is_told() const { return told_; }

  [[nodiscard]] std::size_t running() const { return running_; }
  /// Requests that have not had the first byte of their answer (streams: the first deltas).
  [[nodiscard]] std::size_t silent() const { return silent_; }
  /// Connections opened in advance and not used yet count as idle.
  void open_idle(std::size_t count);
  [[nodiscard]] Tally& tally() { return tally_; }

 private:
  static constexpr std::uint64_t told_tag = ~std::uint64_t{0};

  struct Connection {
    std::unique_ptr<Channel> channel;
    std::size_t unsent = 0;
    std::optional<ResponseReader> reader;
    Time intended;
    bool silent = false;
    bool seen_bytes = false;
  };

  [[nodiscard]] std::size_t open();
  void send(std::size_t index);
  void receive(std::size_t index, bool to_the_end);
  void on_bytes(Connection& connection, std::string_view bytes);
  void finish(std::size_t index, bool whole);
  void lose(std::size_t index);

  Target target_;
  Poller poller_;
  std::vector<Connection> connections_;
  std::vector<std::size_t> idle_;    // kept alive
  std::vector<std::size_t> closed_;  // places to be used again
  std::size_t opened_ = 0;
  std::size_t running_ = 0;
  std::size_t silent_ = 0;
  bool told_ = false;
  Tally tally_;
  std::array<char, 65536> scratch_{};
};

}  // namespace sluice::bench
