#pragma once
/// A process that holds secrets leaves none behind.

namespace sluice {

/// No core dumps, and no other process of this user reads our memory: RLIMIT_CORE 0 and PR_SET_DUMPABLE 0. Called first in
/// `main`. Builds under a sanitizer keep the second, which LeakSanitizer needs to look at the threads.
void guard_process_memory();

}  // namespace sluice
