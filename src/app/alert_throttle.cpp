#include "app/alert_throttle.hpp"

#include <algorithm>
#include <utility>

namespace sluice::app {
namespace {

std::string subject_of(const Alert& alert) { return alert.account + '\n' + alert.model; }

std::string topic_of(const Alert& alert) {
  return subject_of(alert) + '\n' + std::string(to_string(alert.event)) + '\n' + alert.reason;
}

}  // namespace

std::optional<Alert> AlertThrottle::admit(Alert alert, TimePoint now) {
  const std::string key = topic_of(alert);
  latest_[subject_of(alert)] = key;
  const auto found = topics_.find(key);
  if (found != topics_.end() && now < found->second.told + window) {
    ++found->second.held_back;
    found->second.held = std::move(alert);
    return {};
  }
  if (found == topics_.end()) make_room();
  Topic& topic = topics_[key];
  topic.told = now;
  topic.held.reset();
  alert.repeated = std::exchange(topic.held_back, 0);
  return alert;
}

std::vector<Alert> AlertThrottle::due(TimePoint now) {
  std::vector<Alert> out;
  for (auto at = topics_.begin(); at != topics_.end();) {
    Topic& topic = at->second;
    if (now < topic.told + window) {
      ++at;
      continue;
    }
    if (topic.held && latest_[subject_of(*topic.held)] == at->first) {
      topic.held->repeated = std::exchange(topic.held_back, 0) - 1;
      out.push_back(*std::exchange(topic.held, std::nullopt));
      topic.told = now;
      ++at;
      continue;
    }
    // What was over before its window was is no news; how often it came is told with the next.
    topic.held.reset();
    const bool forget = topic.held_back == 0 || now >= topic.told + 12 * window;
    at = forget ? topics_.erase(at) : std::next(at);
  }
  if (topics_.empty()) latest_.clear();
  return out;
}

void AlertThrottle::make_room() {
  if (topics_.size() < topics_max) return;
  const auto oldest =
      std::ranges::min_element(topics_, {}, [](const auto& entry) { return entry.second.told; });
  topics_.erase(oldest);
  if (latest_.size() > topics_max) latest_.clear();
}

}  // namespace sluice::app
