#include "base/metrics.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

namespace sluice::metrics {
namespace {

using namespace std::chrono_literals;

TEST(MetricCounters, HoldEachCombinationOfLabelsApart) {
  Counters<Dialect, ProviderKind, Outcome> counters;
  std::set<const Counter*> all;
  for (std::size_t d = 0; d < count_of<Dialect>; ++d) {
    for (std::size_t p = 0; p < count_of<ProviderKind>; ++p) {
      for (std::size_t o = 0; o < count_of<Outcome>; ++o) {
        all.insert(&counters.of(static_cast<Dialect>(d), static_cast<ProviderKind>(p),
                                static_cast<Outcome>(o)));
      }
    }
  }
  EXPECT_EQ(all.size(), count_of<Dialect> * count_of<ProviderKind> * count_of<Outcome>);
}

TEST(MetricHistogram, PutsADurationWhereItsUpperBoundIs) {
  static constexpr std::chrono::nanoseconds bounds[] = {10ms, 20ms};
  Histogram histogram(bounds);
  for (const auto duration : {0ms, 10ms, 11ms, 20ms, 21ms, 100'000ms}) histogram.observe(duration);
  EXPECT_EQ(histogram.count(0), 2U);
  EXPECT_EQ(histogram.count(1), 2U);
  EXPECT_EQ(histogram.count(2), 2U);
  EXPECT_EQ(histogram.sum(), 100'062ms);
}

TEST(MetricHistogram, TakesANegativeDurationAsNone) {
  Histogram histogram(overhead_bounds());
  histogram.observe(-5s);
  EXPECT_EQ(histogram.count(0), 1U);
  EXPECT_EQ(histogram.sum(), 0ns);
}

TEST(MetricHistogram, HasBoundsThatAscend) {
  for (const auto bounds : {answer_bounds(), overhead_bounds()}) {
    ASSERT_LE(bounds.size(), Histogram::bounds_max);
    for (std::size_t i = 1; i < bounds.size(); ++i) EXPECT_LT(bounds[i - 1], bounds[i]);
  }
}

TEST(ModelTable, GivesOneLabelForAProviderAndAModel) {
  ModelTable table;
  const auto label = table.intern(ProviderKind::openai, "gpt-5");
  EXPECT_EQ(table.intern(ProviderKind::openai, "gpt-5"), label);
  EXPECT_NE(table.intern(ProviderKind::azure_openai, "gpt-5"), label);
  EXPECT_NE(table.intern(ProviderKind::openai, "gpt-5-mini"), label);
  const auto entry = table.entries().at(static_cast<std::size_t>(label));
  EXPECT_EQ(entry.provider, ProviderKind::openai);
  EXPECT_EQ(entry.model, "gpt-5");
}

TEST(ModelTable, CallsTheRestOther) {
  ModelTable table;
  for (std::size_t i = 0; i < ModelTable::models_max; ++i) {
    ASSERT_FALSE(
        ModelTable::is_other(table.intern(ProviderKind::gemini, "model-" + std::to_string(i))));
  }
  const auto late = table.intern(ProviderKind::gemini, "one-too-many");
  EXPECT_TRUE(ModelTable::is_other(late));
  const auto entry = table.entries().at(static_cast<std::size_t>(late));
  EXPECT_EQ(entry.provider, ProviderKind::gemini);
  EXPECT_EQ(entry.model, "other");
  EXPECT_EQ(table.entries().size(), ModelTable::labels_max);
  EXPECT_FALSE(ModelTable::is_other(table.intern(ProviderKind::gemini, "model-7")));
}

TEST(ModelTable, TakesNoNameThatALabelShouldNotHold) {
  ModelTable table;
  for (const std::string& name :
       {std::string(), std::string("other"), std::string("a b"), std::string("a\nb"),
        std::string("\xff\xfe"), std::string(ModelTable::name_bytes_max + 1, 'a')}) {
    EXPECT_TRUE(ModelTable::is_other(table.intern(ProviderKind::openai, name))) << name;
  }
  EXPECT_FALSE(ModelTable::is_other(
      table.intern(ProviderKind::openai, std::string(ModelTable::name_bytes_max, 'a'))));
  EXPECT_FALSE(ModelTable::is_other(table.intern(ProviderKind::bedrock, "us.meta/llama-4:0")));
}

TEST(ModelLabels, AgreeBetweenThreads) {
  Metrics metrics(4);
  std::vector<std::vector<ModelLabel>> seen(4);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < 2; ++round) {
        for (int i = 0; i < 100; ++i) {
          seen[t].push_back(metrics.thread(t).models.label(ProviderKind::anthropic,
                                                           "model-" + std::to_string(i)));
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (std::size_t t = 1; t < 4; ++t) EXPECT_EQ(seen[t], seen[0]);
  EXPECT_EQ(metrics.models().entries().size(), count_of<ProviderKind> + 100);
}

TEST(Metrics, AddsUpWhatAllThreadsCountWhileTheyCount) {
  Metrics metrics(3);
  const auto events = [&] {
    return metrics.sum([](const ThreadMetrics& t) { return t.stream_events.value(); });
  };
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      auto& mine = metrics.thread(t);
      mine.streams_active.add(1);
      for (int i = 0; i < 10'000; ++i) mine.stream_events.add();
      mine.streams_active.add(-1);
    });
  }
  for (std::uint64_t last = 0; last < 30'000;) {
    const auto now = events();
    ASSERT_GE(now, last);
    last = now;
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(events(), 30'000U);
  EXPECT_EQ(metrics.sum([](const ThreadMetrics& t) { return t.streams_active.value(); }), 0);
}

}  // namespace
}  // namespace sluice::metrics
