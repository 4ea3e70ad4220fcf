#include "routing/hashing.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace sluice::routing {
namespace {

TEST(Hashing, SaysTheSameOnEveryMachine) {
  EXPECT_EQ(hash_text("account-1"), 0x9a02cfa9213ba8daU);
  EXPECT_EQ(rendezvous_draw(1, 2), 0xe7d92ae6c635060fU);
  EXPECT_NE(hash_text(""), 0U);
}

TEST(Hashing, TheDistanceIsALogarithmOverTheWeight) {
  std::uint64_t random = 1;
  for (int i = 0; i < 100000; ++i) {
    const std::uint64_t u = next_random(random) | 1U;
    const double expected = -std::log2(static_cast<double>(u) / 18446744073709551616.0);
    const double distance = static_cast<double>(rendezvous_distance(u, 1)) / (1 << 24);
    EXPECT_NEAR(distance, expected, 0.0005);
    EXPECT_LE(rendezvous_distance_min(u, 7), rendezvous_distance(u, 7));
  }
}

TEST(Hashing, AccountsGetWhatTheirWeightsSay) {
  const std::vector<int> weights{1, 2, 5, 10, 1000000};
  for (std::size_t count : {2U, 4U, 5U}) {
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += weights[i];
    std::vector<int> got(count);
    std::uint64_t random = 3;
    constexpr int draws = 200000;
    for (int i = 0; i < draws; ++i) {
      const std::uint64_t session = next_random(random);
      std::size_t nearest = 0;
      std::uint64_t least = UINT64_MAX;
      for (std::size_t a = 0; a < count; ++a) {
        const std::uint64_t u = rendezvous_draw(session, mix(a + 1));
        const std::uint64_t distance = rendezvous_distance(u, inverse_weight(weights[a]));
        if (distance >= least) continue;
        least = distance;
        nearest = a;
      }
      ++got[nearest];
    }
    for (std::size_t a = 0; a < count; ++a) {
      EXPECT_NEAR(got[a] / static_cast<double>(draws), weights[a] / sum, 0.004) << a;
    }
  }
}

}  // namespace
}  // namespace sluice::routing
