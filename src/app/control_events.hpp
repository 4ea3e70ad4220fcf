#pragma once
/// What the control thread waits for: the signals of the process, and words from other threads.

#include "base/clock.hpp"

namespace sluice::app {

class ControlEvents {
 public:
  /// Before the first thread is started: no thread but the one that waits shall be interrupted.
  static void block_signals();

  ControlEvents();
  ControlEvents(const ControlEvents&) = delete;
  ControlEvents& operator=(const ControlEvents&) = delete;
  ~ControlEvents();

  /// Ends a wait, or the next one. Any thread.
  void notify();

  struct Event {
    int signal = 0;         // SIGTERM, SIGINT, SIGHUP; 0: none
    bool notified = false;  // once for any number of words
  };
  [[nodiscard]] Event wait(Milliseconds patience);

 private:
  int signals_;
  int words_;
};

}  // namespace sluice::app
