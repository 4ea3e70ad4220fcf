#pragma once
/// What the targets share. A broken invariant traps: libFuzzer then keeps the input.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::fuzz {

inline void require(bool held) {
  if (!held) __builtin_trap();
}

/// The first byte steers (sizes of reads, sides), the rest is the input.
struct Input {
  std::uint8_t steer = 0;
  std::string bytes;  // a copy of its own, so that ASan sees a read past its end
};

inline Input split(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return {};
  return {data[0], std::string(reinterpret_cast<const char*>(data + 1), size - 1)};
}

/// Calls `visit(read)` with consecutive pieces of 1 to 16 bytes, or more for every fourth.
template <class Visit>
void in_reads(const Input& input, Visit visit) {
  std::uint32_t state = input.steer;
  for (std::string_view rest = input.bytes; !rest.empty();) {
    state = state * 1664525u + 1013904223u;
    const std::size_t wanted = 1 + (state >> 24) % ((state >> 16) % 4 == 0 ? 200 : 16);
    const auto read = rest.substr(0, wanted);
    rest.remove_prefix(read.size());
    if (!visit(read)) return;
  }
}

inline bool within(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace sluice::fuzz
