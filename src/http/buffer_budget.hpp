#pragma once
/// The bound on all bytes that sluice holds for others at once: request bodies, and answers that are read whole.
/// One per process; touched a few times a request.

#include <atomic>
#include <cstddef>
#include <utility>

namespace sluice::http {

class BufferBudget {
 public:
  explicit BufferBudget(std::size_t bytes_max) : left_(static_cast<std::int64_t>(bytes_max)) {}

  /// A share of the budget, given back by the destructor.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    Lease& operator=(Lease&& other) noexcept {
      if (this != &other) {
        release();
        budget_ = std::exchange(other.budget_, nullptr);
        bytes_ = std::exchange(other.bytes_, 0);
      }
      return *this;
    }
    ~Lease() { release(); }
    void release() {
      if (budget_ != nullptr) budget_->left_.fetch_add(static_cast<std::int64_t>(bytes_));
      budget_ = nullptr;
      bytes_ = 0;
    }
    /// Makes the lease `bytes` larger. False, and nothing changed, when the budget hasn't that much left.
    [[nodiscard]] bool grow(BufferBudget& budget, std::size_t bytes) {
      const auto wanted = static_cast<std::int64_t>(bytes);
      if (budget.left_.fetch_sub(wanted) < wanted) {
        budget.left_.fetch_add(wanted);
        return false;
      }
      budget_ = &budget;
      bytes_ += bytes;
      return true;
    }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

   private:
    BufferBudget* budget_ = nullptr;
    std::size_t bytes_ = 0;
  };

  [[nodiscard]] std::int64_t left() const { return left_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> left_;
};

}  // namespace sluice::http
