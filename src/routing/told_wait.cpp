#include <charconv>

#include "routing/failure.hpp"

namespace sluice::routing {

std::optional<Milliseconds> told_wait(const Failure& failure, WallTime /*now*/) {
  const auto* field = failure.head == nullptr ? nullptr : failure.head->find("retry-after");
  if (field == nullptr) return {};
  std::int64_t seconds = 0;
  const auto [end, error] =
      std::from_chars(field->value.data(), field->value.data() + field->value.size(), seconds);
  if (error != std::errc() || seconds <= 0 || seconds > 31 * 86400) return {};
  return std::chrono::seconds(seconds);
}

}  // namespace sluice::routing
