#include "routing/account_health.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/random.hpp"

namespace sluice::routing {
namespace {

using namespace std::chrono_literals;
using Availability = AccountHealth::Availability;

constexpr std::string_view opus = "opus";
constexpr std::string_view haiku = "haiku";

Verdict rests(RestRule rule, Milliseconds rest, Milliseconds rest_max = 0ms) {
  Verdict verdict;
  verdict.scope = Verdict::Scope::account;
  verdict.rule = rule;
  verdict.rest = rest;
  verdict.rest_max = rest_max;
  verdict.reason = std::string(to_string(rule));
  return verdict;
}

Verdict of_model(Verdict verdict) {
  verdict.scope = Verdict::Scope::model;
  return verdict;
}

Verdict for_good(RestRule rule) {
  Verdict verdict = rests(rule, 0ms);
  verdict.for_good = true;
  verdict.alert = true;
  return verdict;
}

Verdict told(Milliseconds wait) {
  Verdict verdict = rests(RestRule::rate_limited, 60s);
  verdict.told = wait;
  return verdict;
}

Verdict server_error() {
  Verdict verdict = rests(RestRule::server_error, 30s, 10min);
  verdict.streak = 3;
  verdict.counts = true;
  return verdict;
}

Verdict overloaded() { return of_model(rests(RestRule::overloaded, 30s, 10min)); }

class AccountHealthTest : public ::testing::Test {
 protected:
  [[nodiscard]] Moment at() const { return {clock_.now(), clock_.wall_now()}; }
  void succeed(std::string_view model = opus) { health_.succeeded(at(), model, 100ms, 100ms); }
  void fail(const Verdict& verdict, std::string_view model = opus, std::uint64_t random = 0) {
    health_.failed(at(), model, verdict, random);
  }
  [[nodiscard]] Availability is(std::string_view model = opus) const {
    return health_.availability(clock_.now(), model_hash(model));
  }
  [[nodiscard]] bool take_probe(std::string_view model = opus) {
    return health_.take_probe(clock_.now(), model_hash(model));
  }
  [[nodiscard]] Milliseconds rests_for(std::string_view model = opus) const {
    return std::chrono::duration_cast<Milliseconds>(health_.rests_until(model_hash(model)) -
                                                    clock_.now());
  }
  /// What the events tell: "ready>cooling rate_limited".
  [[nodiscard]] std::vector<std::string> told_events() {
    std::vector<std::string> out;
    for (const StateEvent& event : events_->take()) {
      out.push_back(
          std::string(to_string(event.before)) + '>' + std::string(to_string(event.now.condition)) +
          ' ' + std::string(to_string(event.now.rule)) +
          (event.now.model.empty() ? "" : " of " + event.now.model) + (event.alert ? " !" : ""));
    }
    return out;
  }

  ManualClock clock_;
  std::shared_ptr<StateEvents> events_ = std::make_shared<StateEvents>();
  AccountHealth health_{AccountId("a1"), "first", events_};
};

using Strings = std::vector<std::string>;

TEST_F(AccountHealthTest, IsOpenAndUnprovenOfNothingAtFirst) {
  EXPECT_EQ(is(), Availability::open);
  EXPECT_TRUE(health_.proven());
  EXPECT_LE(health_.rests_until(model_hash(opus)), clock_.now());
  EXPECT_FALSE(take_probe());
  EXPECT_EQ(health_.report(at()).condition, Condition::ready);
}

TEST_F(AccountHealthTest, RestsOfAnAccountConcernEveryModelAndTheirEndsAreKnown) {
  fail(rests(RestRule::forbidden, 10min));
  EXPECT_EQ(is(opus), Availability::resting);
  EXPECT_EQ(is(haiku), Availability::resting);
  EXPECT_EQ(is(""), Availability::resting);
  EXPECT_EQ(rests_for(haiku), 10min);
  EXPECT_FALSE(health_.proven());
  EXPECT_EQ(told_events(), Strings{"ready>cooling forbidden"});
}

TEST_F(AccountHealthTest, RestsOfAModelConcernNoOther) {
  fail(overloaded(), opus);
  EXPECT_EQ(is(opus), Availability::resting);
  EXPECT_EQ(is(haiku), Availability::open);
  EXPECT_EQ(is(""), Availability::open);
  EXPECT_EQ(told_events(), Strings{"ready>cooling overloaded of opus"});
  const auto report = health_.report(at());
  EXPECT_EQ(report.condition, Condition::ready);
  ASSERT_EQ(report.rests.size(), 1U);
  EXPECT_EQ(report.rests[0].model, opus);
  EXPECT_EQ(report.rests[0].until, clock_.wall_now() + 30s);
}

TEST_F(AccountHealthTest, LetsOneRequestFindOutWhetherARestDidGood) {
  fail(rests(RestRule::forbidden, 10min));
  clock_.advance(10min);
  EXPECT_EQ(is(), Availability::probe);
  ASSERT_TRUE(take_probe(opus));
  EXPECT_EQ(is(opus), Availability::probing);
  EXPECT_EQ(is(haiku), Availability::probing);
  EXPECT_FALSE(take_probe(opus));
  EXPECT_FALSE(take_probe(haiku));

  succeed(opus);
  EXPECT_EQ(is(opus), Availability::open);
  EXPECT_EQ(is(haiku), Availability::open);
  EXPECT_TRUE(health_.proven());
  EXPECT_EQ(told_events(), (Strings{"ready>cooling forbidden", "cooling>ready forbidden"}));
}

TEST_F(AccountHealthTest, AProbeThatCameToNoVerdictIsGivenBack) {
  fail(rests(RestRule::forbidden, 10min));
  clock_.advance(10min);
  ASSERT_TRUE(take_probe(opus));
  health_.give_probe_back(model_hash(haiku));  // it has none
  EXPECT_EQ(is(), Availability::probing);
  health_.give_probe_back(model_hash(opus));
  EXPECT_EQ(is(), Availability::probe);
  EXPECT_TRUE(take_probe(haiku));
}

TEST_F(AccountHealthTest, AProbeWithoutAModelIsOneToo) {
  fail(rests(RestRule::forbidden, 10min), "");
  clock_.advance(10min);
  ASSERT_TRUE(take_probe(""));
  EXPECT_EQ(is(), Availability::probing);
  health_.give_probe_back(0);
  EXPECT_EQ(is(), Availability::probe);
}

TEST_F(AccountHealthTest, AFailedProbeDoublesTheRestUpToItsBound) {
  fail(overloaded());
  for (const Milliseconds rest : {30s, 60s, 120s, 240s, 480s, 600s, 600s}) {
    EXPECT_EQ(rests_for(), rest);
    clock_.advance(rest);
    ASSERT_TRUE(take_probe());
    fail(overloaded());
    EXPECT_EQ(is(), Availability::resting);
  }
  clock_.advance(10min);
  ASSERT_TRUE(take_probe());
  succeed();
  fail(overloaded());
  EXPECT_EQ(rests_for(), 30s) << "a success ends the row";
}

TEST_F(AccountHealthTest, RequestsThatFailTogetherAreOneFailure) {
  for (int i = 0; i < 100; ++i) fail(overloaded());
  EXPECT_EQ(rests_for(), 30s);
  EXPECT_EQ(told_events(), Strings{"ready>cooling overloaded of opus"});
  clock_.advance(10s);
  fail(overloaded());
  EXPECT_EQ(rests_for(), 30s);
  EXPECT_EQ(told_events(), Strings{}) << "it only grew longer";
}

TEST_F(AccountHealthTest, DoublingsAreOfEachRuleAndModel) {
  fail(overloaded(), opus);
  clock_.advance(30s);
  fail(overloaded(), opus);
  EXPECT_EQ(rests_for(opus), 60s);
  fail(overloaded(), haiku);
  EXPECT_EQ(rests_for(haiku), 30s);
  fail(rests(RestRule::unreachable, 30s, 10min), opus);
  EXPECT_EQ(rests_for(haiku), 30s);
}

TEST_F(AccountHealthTest, TheProvidersOwnTimeIsKeptWhateverItIs) {
  fail(told(7h));
  EXPECT_EQ(rests_for(), 7h);
  succeed();
  EXPECT_EQ(is(), Availability::resting) << "it was on its way before";
  clock_.advance(7h);
  succeed();
  fail(told(300ms));
  EXPECT_EQ(rests_for(), 300ms);
}

TEST_F(AccountHealthTest, NoEndIsEarlierThanTold) {
  SeededRandom random(7);
  bool later = false;
  for (int i = 0; i < 200; ++i) {
    AccountHealth health(AccountId("a"), "a", events_);
    health.failed(at(), opus, told(100s), random.next());
    const auto rest = health.rests_until(0) - clock_.now();
    EXPECT_GE(rest, 100s);
    EXPECT_LE(rest, 110s);
    later = later || rest > 105s;
    AccountHealth long_one(AccountId("a"), "a", events_);
    long_one.failed(at(), opus, told(5h), random.next());
    EXPECT_LE(long_one.rests_until(0) - clock_.now(), 5h + 1min);
  }
  EXPECT_TRUE(later);
}

TEST_F(AccountHealthTest, OfTwoRestsTheLaterEndCounts) {
  fail(told(5h));
  fail(rests(RestRule::forbidden, 10min));
  EXPECT_EQ(rests_for(), 5h);
  EXPECT_EQ(health_.report(at()).rests.at(0).rule, RestRule::rate_limited);
  fail(for_good(RestRule::unauthorized));
  EXPECT_EQ(health_.rests_until(0), time_never);
  fail(told(7h));
  EXPECT_EQ(health_.rests_until(0), time_never);
  EXPECT_EQ(told_events(),
            (Strings{"ready>cooling rate_limited", "cooling>unauthorized unauthorized !"}));
}

TEST_F(AccountHealthTest, WhatIsWrongForGoodWaitsForSomeone) {
  fail(for_good(RestRule::unauthorized));
  EXPECT_EQ(health_.report(at()).condition, Condition::unauthorized);
  clock_.advance(24h * 300);
  succeed();
  EXPECT_EQ(is(), Availability::resting);
  EXPECT_FALSE(take_probe());

  health_.lift(at(), "edited");
  EXPECT_EQ(is(), Availability::open);
  EXPECT_TRUE(health_.proven());
  const auto events = events_->take();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1].before, Condition::unauthorized);
  EXPECT_EQ(events[1].now.condition, Condition::ready);
  EXPECT_EQ(events[1].now.reason, "edited");
  EXPECT_EQ(events[1].account, AccountId("a1"));
  EXPECT_EQ(events[1].account_name, "first");
}

TEST_F(AccountHealthTest, PermanentReasonsOtherThanTheCredentialBlock) {
  fail(for_good(RestRule::forbidden));
  EXPECT_EQ(health_.report(at()).condition, Condition::blocked);
  EXPECT_EQ(told_events(), Strings{"ready>blocked forbidden !"});
}

TEST_F(AccountHealthTest, LiftForgivesModelsDoublingsAndTheErrorRate) {
  fail(overloaded());
  clock_.advance(30s);
  fail(overloaded());
  for (int i = 0; i < 20; ++i) fail(server_error());
  health_.lift(at(), "by hand");
  EXPECT_EQ(is(), Availability::open);
  EXPECT_EQ(health_.report(at()).attempts_30s, 0U);
  fail(server_error());
  EXPECT_EQ(is(), Availability::open);
  fail(overloaded());
  EXPECT_EQ(rests_for(), 30s);
  (void)told_events();
  health_.lift(at(), "by hand");
  health_.lift(at(), "by hand");
  EXPECT_EQ(told_events(), Strings{"cooling>ready overloaded of opus"}) << "once";
}

TEST_F(AccountHealthTest, RestsFromTheNthFailureInARow) {
  fail(server_error());
  fail(server_error());
  EXPECT_EQ(is(), Availability::open);
  succeed();
  fail(server_error());
  fail(server_error());
  EXPECT_EQ(is(), Availability::open);
  fail(server_error());
  EXPECT_EQ(is(), Availability::resting);
  EXPECT_EQ(rests_for(), 30s);
}

TEST_F(AccountHealthTest, AFailedProbeRestsAtOnce) {
  fail(rests(RestRule::forbidden, 10min));
  clock_.advance(10min);
  ASSERT_TRUE(take_probe());
  succeed();
  fail(rests(RestRule::forbidden, 10min));
  clock_.advance(10min);
  ASSERT_TRUE(take_probe());
  fail(server_error());
  EXPECT_EQ(rests_for(), 30s);
}

TEST_F(AccountHealthTest, AProbeThatTellsNothingOfTheAccountIsRepeated) {
  fail(rests(RestRule::forbidden, 10min));
  clock_.advance(10min);
  ASSERT_TRUE(take_probe());
  fail(overloaded());  // the model's
  EXPECT_EQ(is(haiku), Availability::probe);
  ASSERT_TRUE(take_probe(haiku));
  Verdict clients;
  clients.clients_fault = true;
  fail(clients, haiku);
  EXPECT_EQ(is(haiku), Availability::probe);
}

TEST_F(AccountHealthTest, AClientsOwnFaultHurtsNothing) {
  Verdict clients;
  clients.clients_fault = true;
  for (int i = 0; i < 100; ++i) fail(clients);
  EXPECT_EQ(is(), Availability::open);
  EXPECT_TRUE(health_.proven());
  EXPECT_EQ(health_.report(at()).failures, 0U);
  EXPECT_EQ(health_.report(at()).error_rate, 0);
}

TEST_F(AccountHealthTest, HalfOfTenAttemptsInThirtySecondsOpenTheCircuit) {
  for (int i = 0; i < 5; ++i) {
    succeed();
    EXPECT_EQ(is(), Availability::open);
    fail(server_error());
  }
  EXPECT_EQ(is(), Availability::resting);
  EXPECT_EQ(rests_for(), 30s);
  const auto rest = health_.report(at()).rests.at(0);
  EXPECT_EQ(rest.rule, RestRule::server_error);
  EXPECT_EQ(rest.reason, "5 of 10 attempts of the last 30 s failed: server_error");
  EXPECT_EQ(health_.report(at()).error_rate, 0.5);

  clock_.advance(31s);
  ASSERT_TRUE(take_probe());
  succeed();
  EXPECT_EQ(is(), Availability::open);
  fail(server_error());
  EXPECT_EQ(is(), Availability::open) << "what was before its recovery doesn't count";
}

TEST_F(AccountHealthTest, OldFailuresDoNotOpenTheCircuit) {
  for (int i = 0; i < 4; ++i) {
    succeed();
    fail(server_error());
  }
  clock_.advance(35s);
  for (int i = 0; i < 4; ++i) {
    succeed();
    fail(server_error());
  }
  EXPECT_EQ(is(), Availability::open);
  EXPECT_EQ(health_.report(at()).attempts_30s, 8U);
}

TEST_F(AccountHealthTest, NoRestAtAllIsNoCircuitEither) {
  Verdict verdict = server_error();
  verdict.scope = Verdict::Scope::none;
  verdict.rest = 0ms;
  for (int i = 0; i < 100; ++i) fail(verdict);
  EXPECT_EQ(is(), Availability::open);
  EXPECT_EQ(health_.report(at()).error_rate, 1);
}

TEST_F(AccountHealthTest, AGuessedRestMayBeTriedEarlyByARequestWithoutAnother) {
  fail(overloaded());
  EXPECT_EQ(is(), Availability::resting);
  ASSERT_TRUE(take_probe());
  EXPECT_FALSE(take_probe());
  EXPECT_EQ(is(), Availability::probing) << "nobody else comes by";
  succeed();
  EXPECT_EQ(is(), Availability::open);

  fail(overloaded());
  clock_.advance(2s);
  ASSERT_TRUE(take_probe());
  fail(overloaded());
  EXPECT_EQ(rests_for(), 30s) << "it is the same trouble still";
  EXPECT_EQ(told_events(),
            (Strings{"ready>cooling overloaded of opus", "cooling>ready overloaded of opus",
                     "ready>cooling overloaded of opus", "cooling>cooling overloaded of opus"}));
}

TEST_F(AccountHealthTest, WhatAProviderToldIsNotTriedEarly) {
  fail(of_model(told(10s)));
  EXPECT_FALSE(take_probe());
  fail(rests(RestRule::quota, 1h));
  EXPECT_FALSE(take_probe(haiku));
}

TEST_F(AccountHealthTest, MoreModelsThanThereArePlacesRestTheAccount) {
  for (std::size_t i = 0; i < AccountHealth::models_max; ++i) {
    fail(overloaded(), "model-" + std::to_string(i));
  }
  EXPECT_EQ(is(opus), Availability::open);
  fail(overloaded(), "one-more");
  EXPECT_EQ(is(opus), Availability::resting);
  EXPECT_EQ(rests_for(opus), 30s);
}

TEST_F(AccountHealthTest, ModelsThatAnAccountDoesNotHaveNeverRestTheRest) {
  for (int i = 0; i < 1000; ++i) {
    fail(of_model(rests(RestRule::model_missing, 1h)), "model-" + std::to_string(i));
  }
  EXPECT_EQ(is("model-0"), Availability::resting);
  EXPECT_EQ(is(opus), Availability::open);
  EXPECT_EQ(is("model-999"), Availability::open);
}

TEST_F(AccountHealthTest, PlacesOfModelsThatHaveRestedAreUsedAgain) {
  for (int i = 0; i < 100; ++i) {
    fail(overloaded(), "model-" + std::to_string(i));
    clock_.advance(31s);
  }
  EXPECT_EQ(is(opus), Availability::open);
  EXPECT_EQ(is("model-99"), Availability::probe);
}

TEST_F(AccountHealthTest, RecallsWhatARunBeforeKnew) {
  health_.recall(at(), {.model = std::string(opus),
                        .condition = Condition::cooling,
                        .rule = RestRule::overloaded,
                        .reason = "529",
                        .since = clock_.wall_now() - 1min,
                        .until = clock_.wall_now() + 1min,
                        .level = 1});
  health_.recall(at(), {.condition = Condition::cooling,
                        .rule = RestRule::quota,
                        .reason = "402",
                        .since = clock_.wall_now() - 2h,
                        .until = clock_.wall_now() - 1h});
  EXPECT_EQ(is(haiku), Availability::open);
  EXPECT_EQ(is(opus), Availability::resting);
  EXPECT_EQ(rests_for(opus), 1min);
  EXPECT_EQ(told_events(), Strings{});
  clock_.advance(1min);
  ASSERT_TRUE(take_probe());
  fail(overloaded());
  EXPECT_EQ(rests_for(opus), 120s) << "the third in a row";

  health_.recall(at(), {.condition = Condition::blocked, .rule = RestRule::forbidden});
  EXPECT_EQ(health_.rests_until(model_hash(haiku)), time_never);
  EXPECT_EQ(health_.report(at()).condition, Condition::blocked);
}

TEST_F(AccountHealthTest, IsSlowWhenItAnswersMuchLaterThanOthersDo) {
  const auto answer = [&](Milliseconds first_event) {
    health_.succeeded(at(), opus, first_event, 1s);
  };
  for (int i = 0; i < 9; ++i) answer(3s);
  EXPECT_FALSE(health_.slow(clock_.now())) << "too few to say";
  answer(3s);
  EXPECT_TRUE(health_.slow(clock_.now()));
  EXPECT_EQ(health_.first_event(), 3s);
  clock_.advance(59s);
  EXPECT_TRUE(health_.slow(clock_.now()));
  clock_.advance(1s);
  EXPECT_FALSE(health_.slow(clock_.now())) << "another chance";
  answer(3s);
  EXPECT_FALSE(health_.slow(clock_.now())) << "which takes ten again";
  for (int i = 0; i < 9; ++i) answer(3s);
  EXPECT_TRUE(health_.slow(clock_.now()));
  for (int i = 0; i < 10; ++i) answer(900ms);
  EXPECT_FALSE(health_.slow(clock_.now()));
}

TEST_F(AccountHealthTest, ATenthOfASecondIsNotSlowWhateverItsRatio) {
  for (int i = 0; i < 100; ++i) health_.succeeded(at(), opus, 400ms, 50ms);
  EXPECT_FALSE(health_.slow(clock_.now()));
  for (int i = 0; i < 100; ++i) health_.succeeded(at(), opus, 20s, 0ms);
  EXPECT_FALSE(health_.slow(clock_.now())) << "nothing to compare with";
}

TEST_F(AccountHealthTest, ThreadsMayTellAndAskAtOnce) {
  std::vector<std::thread> threads;
  const Moment start = at();
  for (unsigned seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&, seed] {
      SeededRandom random(seed);
      for (int i = 0; i < 5000; ++i) {
        const Moment now{start.now + i * 10ms, start.wall + i * 10ms};
        const std::string model = "model-" + std::to_string(random.below(24));
        const ModelHash hash = model_hash(model);
        switch (health_.availability(now.now, hash)) {
          case Availability::resting: (void)health_.rests_until(hash); break;
          case Availability::probing: break;
          case Availability::probe:
            if (!health_.take_probe(now.now, hash)) break;
            if (random.below(3) == 0) {
              health_.give_probe_back(hash);
              break;
            }
            [[fallthrough]];
          case Availability::open:
            if (random.below(4) != 0) {
              health_.succeeded(now, model, 100ms, 100ms);
            } else {
              health_.failed(now, model, random.below(2) == 0 ? overloaded() : server_error(),
                             random.next());
            }
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  health_.lift(at(), "done");
  EXPECT_EQ(is(), Availability::open);
}

TEST(StateEvents, AreTakenOnceAndTheOldestGoFirst) {
  StateEvents events;
  for (std::size_t i = 0; i <= StateEvents::events_max; ++i) {
    events.push({.account_name = std::to_string(i)});
  }
  const auto taken = events.take();
  EXPECT_EQ(taken.size() + events.dropped(), StateEvents::events_max + 1);
  EXPECT_GT(events.dropped(), 0U);
  EXPECT_EQ(taken.front().account_name, std::to_string(events.dropped()));
  EXPECT_EQ(taken.back().account_name, std::to_string(StateEvents::events_max));
  EXPECT_TRUE(events.take().empty());
}

TEST(ModelHash, IsNothingForNoneAloneAndSomethingForEach) {
  EXPECT_EQ(model_hash(""), 0U);
  EXPECT_NE(model_hash(opus), model_hash(haiku));
  EXPECT_EQ(model_hash(opus), model_hash(std::string(opus)));
}

}  // namespace
}  // namespace sluice::routing
