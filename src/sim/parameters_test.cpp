#include "sim/parameters.hpp"

#include <gtest/gtest.h>

namespace sluice::sim {
namespace {

TEST(Parameters, AreReadFromACommaSeparatedList) {
  Parameters parameters;

  ASSERT_TRUE(apply_parameters(
      " events=50,rate = 2.5 , echo, reset_at=4096, drip=3/20,split=random", parameters));

  EXPECT_EQ(parameters.events, 50U);
  EXPECT_DOUBLE_EQ(parameters.rate, 2.5);
  EXPECT_TRUE(parameters.echo);
  EXPECT_EQ(parameters.reset_at, 4096U);
  EXPECT_EQ(parameters.drip_bytes, 3U);
  EXPECT_EQ(parameters.drip_every, Milliseconds(20));
  EXPECT_TRUE(parameters.split_random);
}

TEST(Parameters, LaterListsWin) {
  Parameters parameters;

  ASSERT_TRUE(apply_parameters("events=50, echo, status=529", parameters));
  ASSERT_TRUE(apply_parameters("events=2, echo=no", parameters));

  EXPECT_EQ(parameters.events, 2U);
  EXPECT_FALSE(parameters.echo);
  EXPECT_EQ(parameters.status, 529);
}

TEST(Parameters, AnErrorEventHasATypeAndAPlace) {
  Parameters parameters;

  ASSERT_TRUE(apply_parameters("error_event=overloaded_error@7", parameters));
  EXPECT_EQ(parameters.error_event, "overloaded_error");
  EXPECT_EQ(parameters.error_at, 7U);

  ASSERT_TRUE(apply_parameters("error_event=api_error", parameters));
  EXPECT_EQ(parameters.error_at, 0U);
}

TEST(Parameters, TakeAColonWhereAPathCanHoldNoSlash) {
  Parameters parameters;

  ASSERT_TRUE(apply_parameters("n_of=1:3,drip=5:7", parameters));

  EXPECT_EQ(parameters.n_of_fault, 1U);
  EXPECT_EQ(parameters.n_of, 3U);
  EXPECT_EQ(parameters.drip_every, Milliseconds(7));
}

TEST(Parameters, ARefusalNamesTheParameter) {
  for (const char* bad : {"events=many", "rate=-1", "first_ms=", "status=99", "status=204",
                          "split=0", "drip=0", "garbage=all", "n_of=3/2", "n_of=1", "echo=perhaps",
                          "error_event=", "colour=blue", "reset_at=12x", "cache=maybe",
                          "golden=", "container=", "container=a b", "thinking_bound=2"}) {
    Parameters parameters;
    const Status applied = apply_parameters(bad, parameters);
    ASSERT_FALSE(applied) << bad;
    const std::string name = std::string(bad).substr(0, std::string(bad).find('='));
    EXPECT_NE(applied.error().context.find(name), std::string::npos) << applied.error().context;
  }
}

TEST(Parameters, WithoutFaultsKeepTheAnswerAndItsPace) {
  Parameters parameters;
  ASSERT_TRUE(
      apply_parameters("events=9,rate=3,split=2,status=500,reset_at=1,no_stop,hold", parameters));

  const Parameters calm = parameters.without_faults();

  EXPECT_EQ(calm.events, 9U);
  EXPECT_EQ(calm.split, 2U);
  EXPECT_EQ(calm.status, 200);
  EXPECT_FALSE(calm.reset_at);
  EXPECT_FALSE(calm.no_stop || calm.hold);
}

TEST(Parameters, TheHelpNamesEveryParameter) {
  const std::string help = parameters_help();
  for (const char* name :
       {"seed=N", "events=N", "rate=R", "stall_at=N", "n_of=K/N", "no_length", "zstd"}) {
    EXPECT_NE(help.find(name), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace sluice::sim
