#include "net/blocking_pool.hpp"

namespace sluice::net {

BlockingPool::BlockingPool(std::size_t threads) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

BlockingPool::~BlockingPool() { stop(); }

void BlockingPool::stop_soon() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  more_.notify_all();
}

void BlockingPool::stop() {
  stop_soon();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

bool BlockingPool::submit(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= queue_max) return false;
    queue_.push_back(std::move(work));
  }
  more_.notify_one();
  return true;
}

void BlockingPool::work() {
  for (;;) {
    std::function<void()> next;
    {
      std::unique_lock lock(mutex_);
      more_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      next = std::move(queue_.front());
      queue_.pop_front();
    }
    next();
  }
}

}  // namespace sluice::net
