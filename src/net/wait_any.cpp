#include "net/wait_any.hpp"

#include <algorithm>

namespace sluice::net {

bool WaitAnyWritable::await_ready() {
  const bool any = std::any_of(descriptors_.begin(), descriptors_.end(),
                               [](const Descriptor* descriptor) { return descriptor->writable; });
  if (any) {
    waiter_.reason = Wake::writable;
  } else if (gone_ != nullptr && gone_->gone) {
    waiter_.reason = Wake::gone;
  } else if (deadline_ <= loop_.now()) {
    waiter_.reason = Wake::timeout;
  }
  return waiter_.reason != Wake::none;
}

void WaitAnyWritable::await_suspend(std::coroutine_handle<> frame) {
  waiter_.frame = frame;
  attached_ = true;
  for (Descriptor* descriptor : descriptors_) descriptor->writer_ = &waiter_;
  if (gone_ != nullptr) gone_->watcher_ = &waiter_;
  loop_.arm(
      timer_, deadline_,
      [](void* context) {
        auto* waiter = static_cast<Waiter*>(context);
        if (waiter->reason != Wake::none) return;
        waiter->reason = Wake::timeout;
        waiter->frame.resume();
      },
      &waiter_);
}

void WaitAnyWritable::detach() {
  if (!attached_) return;
  attached_ = false;
  for (Descriptor* descriptor : descriptors_) {
    if (descriptor->writer_ == &waiter_) descriptor->writer_ = nullptr;
  }
  if (gone_ != nullptr && gone_->watcher_ == &waiter_) gone_->watcher_ = nullptr;
  timer_.disarm();
}

}  // namespace sluice::net
