#pragma once
/// What sluice's log tells of the soak's requests: `request.settled` lines, by the id that we gave them.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "text.hpp"

namespace sluice::soak {

struct Settled {
  int times = 0;
  int status = 0;
  std::string outcome;
  std::string confidence;
  std::uint64_t input = 0;
  std::uint64_t output = 0;
  std::string reason;
};

class SettledLog {
 public:
  void take(std::string_view line) {
    if (line.find("request.settled") == std::string_view::npos) {
      const bool grave = line.find("session.failed") != std::string_view::npos ||
                         line.find(" error ") != std::string_view::npos ||
                         line.find("dropped") != std::string_view::npos;
      if (grave) (grave_ += line) += '\n';
      return;
    }
    ++all_;
    std::string_view id = logged(line, "client_request");
    if (!id.starts_with("soak-")) return;
    id.remove_prefix(5);
    Settled& entry = entries_[number(id)];
    ++entry.times;
    entry.status = static_cast<int>(number(logged(line, "status")));
    entry.outcome = logged(line, "outcome");
    entry.confidence = logged(line, "confidence");
    entry.input = number(logged(line, "input"));
    entry.output = number(logged(line, "output"));
    const auto reason = line.find(" reason=");
    entry.reason = reason == std::string_view::npos ? "" : line.substr(reason + 8);
  }

  [[nodiscard]] const Settled& of(std::uint64_t id) const {
    static const Settled none;
    const auto found = entries_.find(id);
    return found == entries_.end() ? none : found->second;
  }
  void forget(std::uint64_t id) { entries_.erase(id); }
  [[nodiscard]] std::size_t all() const { return all_; }
  [[nodiscard]] std::size_t known() const { return entries_.size(); }
  /// Lines that must never be there.
  [[nodiscard]] const std::string& grave() const { return grave_; }

 private:
  std::unordered_map<std::uint64_t, Settled> entries_;
  std::size_t all_ = 0;
  std::string grave_;
};

}  // namespace sluice::soak
