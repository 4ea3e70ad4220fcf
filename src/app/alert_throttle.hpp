#pragma once
/// Tells the same thing once in a while. Pure.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/alert.hpp"

namespace sluice::app {

/// An alert of the same account, model, event and reason as one that was told less than `window` ago is held back. When the
/// window is over and nothing else has happened to that account since, it is told after all, with how often it came.
class AlertThrottle {
 public:
  static constexpr std::chrono::minutes window{5};
  static constexpr std::size_t topics_max = 4096;  // then the oldest are forgotten

  /// The alert, to be told now; nullopt: it is held back.
  [[nodiscard]] std::optional<Alert> admit(Alert alert, TimePoint now);
  /// What was held back until now.
  [[nodiscard]] std::vector<Alert> due(TimePoint now);

 private:
  struct Topic {
    TimePoint told;
    std::optional<Alert> held;
    int held_back = 0;
  };
  void make_room();

  std::map<std::string, Topic> topics_;
  std::map<std::string, std::string> latest_;  // topic, by account and model
};

}  // namespace sluice::app
