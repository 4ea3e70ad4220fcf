#pragma once
/// Coroutines: `Task<T>` is awaited exactly once, starts when it is awaited, and hands control back without a scheduler
/// (symmetric transfer). Destroying a Task that is suspended destroys what it holds: that is how work is cancelled, and
/// why every resource in a frame gives itself back in its destructor.

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "net/frame_pool.hpp"

namespace sluice::net {

template <class T>
class Task;

namespace detail {

struct TaskPromiseBase : Pooled {
  std::coroutine_handle<> continuation = std::noop_coroutine();
  std::exception_ptr thrown;

  struct Final {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> done) const noexcept {
      return done.promise().continuation;
    }
    void await_resume() const noexcept {}
  };
  [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
  [[nodiscard]] Final final_suspend() const noexcept { return {}; }
  void unhandled_exception() { thrown = std::current_exception(); }
};

template <class T>
struct TaskPromise : TaskPromiseBase {
  std::optional<T> value;
  Task<T> get_return_object();
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() {
    if (thrown) std::rethrow_exception(thrown);
    return std::move(*value);
  }
};

template <>
struct TaskPromise<void> : TaskPromiseBase {
  Task<void> get_return_object();
  void return_void() {}
  void take() const {
    if (thrown) std::rethrow_exception(thrown);
  }
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::TaskPromise<T>;
  Task() = default;
  explicit Task(std::coroutine_handle<promise_type> frame) : frame_(frame) {}
  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (frame_) frame_.destroy();
      frame_ = std::exchange(other.frame_, nullptr);
    }
    return *this;
  }
  ~Task() {
    if (frame_) frame_.destroy();
  }

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
    frame_.promise().continuation = awaiting;
    return frame_;
  }
  T await_resume() { return frame_.promise().take(); }

 private:
  std::coroutine_handle<promise_type> frame_;
};

namespace detail {
template <class T>
Task<T> TaskPromise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<TaskPromise<T>>::from_promise(*this));
}
inline Task<void> TaskPromise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<TaskPromise<void>>::from_promise(*this));
}
}  // namespace detail

/// Owns the coroutines that nobody awaits: one per connection. Those still running are destroyed with the set.
class TaskSet {
 public:
  TaskSet() { head_.next = head_.previous = &head_; }
  TaskSet(const TaskSet&) = delete;
  TaskSet& operator=(const TaskSet&) = delete;
  ~TaskSet() { clear(); }

  /// Starts it now, on this thread. What it throws goes to `on_throw`.
  void start(Task<void> task) { drive(*this, std::move(task)); }
  [[nodiscard]] std::size_t size() const { return size_; }
  void clear() {
    while (head_.next != &head_) static_cast<Node*>(head_.next)->frame.destroy();
  }
  /// Called with what a task threw; the default terminates, as an exception here is a bug.
  void (*on_throw)(std::exception_ptr) = nullptr;

 private:
  struct Link {
    Link* next = nullptr;
    Link* previous = nullptr;
  };
  struct Node : Link {
    std::coroutine_handle<> frame;
    TaskSet* set = nullptr;
    ~Node() {
      previous->next = next;
      next->previous = previous;
      --set->size_;
    }
  };
  struct Driver {
    struct promise_type : Node, Pooled {
      promise_type(TaskSet& owner, const Task<void>& /*task*/) {
        set = &owner;
        frame = std::coroutine_handle<promise_type>::from_promise(*this);
        next = &owner.head_;
        previous = owner.head_.previous;
        previous->next = this;
        owner.head_.previous = this;
        ++owner.size_;
      }
      Driver get_return_object() { return {}; }
      std::suspend_never initial_suspend() noexcept { return {}; }
      std::suspend_never final_suspend() noexcept { return {}; }
      void return_void() {}
      void unhandled_exception() {
        if (set->on_throw == nullptr) std::terminate();
        set->on_throw(std::current_exception());
      }
    };
  };
  static Driver drive(TaskSet& /*owner*/, Task<void> task) { co_await task; }

  Link head_;
  std::size_t size_ = 0;
};

}  // namespace sluice::net
