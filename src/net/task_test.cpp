#include "net/task.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace sluice::net {
namespace {

/// Suspends until the test resumes it.
struct Gate {
  std::coroutine_handle<> waiting;
  struct Awaiter {
    Gate& gate;
    [[nodiscard]] bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> frame) { gate.waiting = frame; }
    void await_resume() const {}
  };
  Awaiter operator co_await() { return {*this}; }
  void open() { std::exchange(waiting, nullptr).resume(); }
};

struct Noted {
  std::vector<std::string>& log;
  std::string name;
  ~Noted() { log.push_back(name); }
};

Task<int> give(int value) { co_return value; }
Task<std::unique_ptr<int>> give_owned(int value) { co_return std::make_unique<int>(value); }
Task<int> throwing() {
  throw std::runtime_error("broken");
  co_return 0;
}

TEST(Task, StartsWhenItIsAwaited) {
  bool began = false;
  const auto work = [&]() -> Task<void> {
    began = true;
    co_return;
  };
  TaskSet set;
  auto task = work();
  EXPECT_FALSE(began);
  set.start(std::move(task));
  EXPECT_TRUE(began);
  EXPECT_EQ(set.size(), 0U);
}

TEST(Task, GivesValuesThatOnlyMove) {
  int sum = 0;
  const auto work = [&]() -> Task<void> {
    sum += co_await give(2);
    const auto owned = co_await give_owned(40);
    sum += *owned;
  };
  TaskSet set;
  set.start(work());
  EXPECT_EQ(sum, 42);
}

TEST(Task, WhatIsThrownReachesWhoAwaits) {
  std::string what;
  const auto work = [&]() -> Task<void> {
    try {
      (void)co_await throwing();
    } catch (const std::runtime_error& error) {
      what = error.what();
    }
  };
  TaskSet set;
  set.start(work());
  EXPECT_EQ(what, "broken");
}

TEST(Task, AMillionTasksInALoopNeedNoStack) {
  std::int64_t sum = 0;
  const auto work = [&]() -> Task<void> {
    for (int i = 0; i < 1'000'000; ++i) sum += co_await give(1);
  };
  TaskSet set;
  set.start(work());
  EXPECT_EQ(sum, 1'000'000);
}

TEST(Task, DestroyingASuspendedTaskDestroysWhatItHoldsInnermostFirst) {
  std::vector<std::string> log;
  Gate gate;
  const auto inner = [&]() -> Task<void> {
    const Noted noted{log, "inner"};
    co_await gate;
  };
  const auto outer = [&]() -> Task<void> {
    const Noted noted{log, "outer"};
    co_await inner();
  };
  {
    TaskSet set;
    set.start(outer());
    EXPECT_TRUE(log.empty());
  }
  EXPECT_EQ(log, (std::vector<std::string>{"inner", "outer"}));
}

TEST(Task, AssigningDropsTheFormerWork) {
  std::vector<std::string> log;
  const auto work = [&](std::string name) -> Task<void> {
    const Noted noted{log, std::move(name)};
    co_return;
  };
  auto task = work("first");
  task = work("second");  // `first` never ran: nothing was constructed in it
  TaskSet set;
  set.start(std::move(task));
  EXPECT_EQ(log, (std::vector<std::string>{"second"}));
}

TEST(TaskSet, CountsThoseThatRunAndLetsThemEndInAnyOrder) {
  std::vector<Gate> gates(3);
  const auto work = [](Gate& gate) -> Task<void> { co_await gate; };
  TaskSet set;
  for (Gate& gate : gates) set.start(work(gate));
  EXPECT_EQ(set.size(), 3U);
  gates[1].open();
  EXPECT_EQ(set.size(), 2U);
  gates[0].open();
  gates[2].open();
  EXPECT_EQ(set.size(), 0U);
}

TEST(TaskSet, TellsWhatATaskThrewAndGoesOn) {
  static std::string what;
  what.clear();
  Gate gate;
  const auto work = [&]() -> Task<void> {
    co_await gate;
    (void)co_await throwing();
  };
  TaskSet set;
  set.on_throw = [](std::exception_ptr thrown) {
    try {
      std::rethrow_exception(std::move(thrown));
    } catch (const std::exception& error) {
      what = error.what();
    }
  };
  set.start(work());
  gate.open();
  EXPECT_EQ(what, "broken");
  EXPECT_EQ(set.size(), 0U);
}

TEST(TaskSet, ATaskMayStartOthersAndClearDestroysThemAll) {
  std::vector<std::string> log;
  Gate never;
  TaskSet set;
  const auto child = [&]() -> Task<void> {
    const Noted noted{log, "child"};
    co_await never;
  };
  const auto parent = [&]() -> Task<void> {
    const Noted noted{log, "parent"};
    set.start(child());
    co_await never;
  };
  set.start(parent());
  EXPECT_EQ(set.size(), 2U);
  set.clear();
  EXPECT_EQ(set.size(), 0U);
  EXPECT_EQ(log.size(), 2U);
}

}  // namespace
}  // namespace sluice::net
