#include "base/process_guard.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace sluice {
namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define SLUICE_UNDER_SANITIZER 1
#endif
#endif
#if defined(SLUICE_UNDER_SANITIZER)
constexpr bool under_sanitizer = true;
#else
constexpr bool under_sanitizer = false;
#endif

}  // namespace

void guard_process_memory() {
  // Neither can fail: a limit may always be lowered, and 0 is a valid value.
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  // The limit doesn't bind where core_pattern is a pipe; this does, and it also closes /proc/PID/mem.
  if (!under_sanitizer) ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace sluice
