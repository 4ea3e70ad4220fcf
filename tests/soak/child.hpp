#pragma once
/// A `sluice serve` of our own: started with a configuration, watched, asked, and ended by its process id.

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "poller.hpp"

namespace sluice::soak {

class Child final : public Handler {
 public:
  /// Throws where it doesn't come up. `on_line` gets each line of its log.
  Child(Poller& poller, const std::string& program, const std::string& config,
        std::function<void(std::string_view)> on_line);
  ~Child() override;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] bool alive();
  void signal(int number) const;
  /// Waits for its end; the exit code, or minus the signal. -1000: it didn't end in time, and was killed.
  [[nodiscard]] int wait(Milliseconds patience);

  /// SIGTERM, which with nothing under way ends it soon; the exit code as of `wait`. Leak checks happen in there.
  [[nodiscard]] int stop();

  /// As the server counts them, with the connection that asks: /proc/PID/fd is closed to others.
  [[nodiscard]] std::size_t open_descriptors() const;
  [[nodiscard]] std::size_t resident_bytes() const;

  struct Reply {
    int status = 0;
    std::string head;
    std::string body;
  };
  /// One request on a connection of its own, waited for.
  [[nodiscard]] Reply ask(std::string_view method, std::string_view path,
                          std::string_view fields = {}, std::string_view body = {}) const;

  /// The sum of all samples of a metric whose name and labels begin like that.
  [[nodiscard]] double metric(std::string_view prefix) const;

  void on_events(std::uint32_t events) override;

 private:
  void read_log();
  void reap(int options);

  Poller& poller_;
  std::function<void(std::string_view)> on_line_;
  std::string folder_;
  std::string log_;  // a line that isn't whole yet
  std::string last_lines_;
  int log_fd_ = -1;
  pid_t pid_ = -1;
  bool ended_ = false;
  int exit_code_ = 0;
  std::uint16_t port_ = 0;
};

}  // namespace sluice::soak
