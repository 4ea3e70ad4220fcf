#pragma once
/// libsodium, ready. Every function that calls it asks first.

#include <sodium.h>

#include <cstdlib>
#include <string_view>

namespace sluice {

/// Any thread, any number of times. Ends the process where there is no randomness to be had.
inline void need_sodium() {
  static const bool ready = sodium_init() >= 0;
  if (!ready) std::abort();
}

[[nodiscard]] inline const unsigned char* as_bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace sluice
