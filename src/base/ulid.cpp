#include "base/ulid.hpp"

namespace sluice {
namespace {
constexpr char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
}

Ulid Ulid::make(WallTime at, Random& random) {
  using std::chrono::duration_cast;
  auto millis = static_cast<std::uint64_t>(
      duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count());
  Ulid ulid;
  for (std::size_t i = 10; i-- > 0; millis >>= 5U) ulid.text_[i] = digits[millis & 31U];
  for (std::size_t half = 0; half < 2; ++half) {
    std::uint64_t bits = random.next();
    for (std::size_t i = 0; i < 8; ++i, bits >>= 5U)
      ulid.text_[10 + half * 8 + i] = digits[bits & 31U];
  }
  return ulid;
}

}  // namespace sluice
