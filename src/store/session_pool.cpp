#include "store/session_pool.hpp"

#include <soci/soci.h>

namespace sluice::store {

SessionPool::Loan::Loan(SessionPool& pool, Use use, std::unique_ptr<soci::session> session)
    : pool_(&pool), use_(use), session_(std::move(session)) {}

SessionPool::Loan::Loan(Loan&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)),
      use_(other.use_),
      session_(std::move(other.session_)) {}

SessionPool::Loan::~Loan() {
  if (pool_ != nullptr) pool_->take_back(use_, std::move(session_));
}

soci::session& SessionPool::Loan::session() {
  if (!session_) session_ = pool_->driver_.connect();
  return *session_;
}

void SessionPool::Loan::drop() { session_.reset(); }

SessionPool::SessionPool(Driver& driver, std::size_t sessions_max)
    : driver_(driver), free_(std::max<std::size_t>(sessions_max, 1)) {}

SessionPool::~SessionPool() = default;

Result<SessionPool::Loan> SessionPool::borrow(Use use, TimePoint deadline) {
  std::unique_lock lock(mutex_);
  const bool in_time = returned_.wait_until(
      lock, deadline, [&] { return free_ > 0 && (use == Use::read || !writing_); });
  if (!in_time) {
    return fail(
        Errc::store_unavailable, Side::gateway,
        driver_.location() +
            ": every connection of this process was busy for too long; the store is slow, or "
            "there are too few connections");
  }
  free_ -= 1;
  if (use == Use::write) writing_ = true;
  std::unique_ptr<soci::session> session;
  if (!idle_.empty()) {
    session = std::move(idle_.back());
    idle_.pop_back();
  }
  return Loan(*this, use, std::move(session));
}

void SessionPool::take_back(Use use, std::unique_ptr<soci::session> session) {
  {
    const std::lock_guard lock(mutex_);
    free_ += 1;
    if (use == Use::write) writing_ = false;
    if (session) idle_.push_back(std::move(session));
  }
  // All: those who wait want different things.
  returned_.notify_all();
}

}  // namespace sluice::store
