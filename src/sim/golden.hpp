#pragma once
/// Recorded answers, served again byte for byte.

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "sim/request.hpp"

namespace sluice::sim {

/// "anthropic/thinking-part-stream" and what was answered then. Read once, then shared by all threads.
class GoldenSet {
 public:
  /// Reads DIR/DIALECT/NAME.meta.json and the response beside it. Errors: io, invalid_config name the file.
  [[nodiscard]] static Result<GoldenSet> load(const std::string& directory);

  /// The answer; a stream comes event by event. Null events and status 0: no such recording.
  [[nodiscard]] Reply replay(std::string_view name) const;
  /// The names most like `name`, for who mistyped it.
  [[nodiscard]] std::string near(std::string_view name) const;
  [[nodiscard]] std::size_t size() const { return recordings_.size(); }

 private:
  struct Recording {
    int status = 200;
    std::string content_type;
    std::string bytes;
    bool stream = false;
    Claim claim;
  };
  std::map<std::string, std::shared_ptr<const Recording>, std::less<>> recordings_;
  class Events;
};

}  // namespace sluice::sim
