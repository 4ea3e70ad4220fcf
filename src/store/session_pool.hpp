#pragma once
/// The sessions of a Database, made when they are first needed and lent to one thread at a time. At most one of them writes:
/// whoever waits for its turn to write holds no session meanwhile.

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "base/clock.hpp"
#include "store/driver.hpp"

namespace sluice::store {

class SessionPool {
 public:
  enum class Use : std::uint8_t { read, write };

  /// Gives its session back; one that was dropped is made anew for the next borrower.
  class Loan {
   public:
    Loan(SessionPool& pool, Use use, std::unique_ptr<soci::session> session);
    Loan(Loan&&) noexcept;
    Loan& operator=(Loan&&) = delete;
    ~Loan();
    /// Connects if there is no session yet; throws soci::soci_error.
    [[nodiscard]] soci::session& session();
    /// Null where session() has not succeeded.
    [[nodiscard]] soci::session* current() const { return session_.get(); }
    void drop();

   private:
    SessionPool* pool_;
    Use use_;
    std::unique_ptr<soci::session> session_;
  };

  SessionPool(Driver& driver, std::size_t sessions_max);
  ~SessionPool();
  /// Errors  store_unavailable after `deadline`.
  [[nodiscard]] Result<Loan> borrow(Use use, TimePoint deadline);

 private:
  void take_back(Use use, std::unique_ptr<soci::session> session);

  Driver& driver_;
  std::size_t free_;  // sessions that may be lent, connected or not
  bool writing_ = false;
  std::vector<std::unique_ptr<soci::session>> idle_;
  std::mutex mutex_;
  std::condition_variable returned_;
};

}  // namespace sluice::store
