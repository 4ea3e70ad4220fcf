/// What it costs to choose an account, use it and give it back: by accounts, by whether the conversation is known, new or none,
/// and by whether the request has beginnings that a prompt cache may hold.

#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "routing/account_pool.hpp"

namespace sluice::routing {
namespace {

enum class Conversation : std::uint8_t { known, fresh, none };

constexpr std::string_view model = "claude-sonnet-4-5-20250929";

class World {
 public:
  explicit World(int count, int one_in = 1) {
    std::vector<Account> accounts;
    for (int i = 0; i < count; ++i) {
      Account& made = accounts.emplace_back();
      made.name = "account-" + std::to_string(i);
      made.id = AccountId(made.name);
      made.dialect = "anthropic";
      made.weight = 1 + i % 4;
      made.max_concurrency = 50;
      made.models = {i % one_in == 0 ? "claude-*" : "others-*"};
      if (i % one_in == 0) made.model_map = {{"sonnet", "claude-sonnet-4-5-20250929"}};
      made.pools = {"default"};
      made.state = std::make_shared<AccountState>(made.id, made.name, line_, events_);
    }
    pool_ = AccountPool(std::move(accounts), memory_);
    route_ = pool_.route({"default"});
  }

  /// A request from its choice to its end.
  void serve(SessionHash session, std::span<const meter::PromptPrefix> prefixes) {
    auto lease = pool_.lease(need(session, prefixes));
    if (!lease) std::abort();
    lease->succeeded(at(), Milliseconds(500));
    clock_.advance(std::chrono::microseconds(1));
  }
  /// An answer says what was cached, on each account in turn.
  void learn(std::span<const meter::PromptPrefix> prefixes) {
    memory_->prompt_cache.learn(pool_.accounts()[next_++ % pool_.accounts().size()].state->hash,
                                model_hash(model), prefixes, read_, clock_.now());
  }
  void ask_in_vain(SessionHash session) {
    if (pool_.lease(need(session, {}))) std::abort();
  }
  void rest_all_but_one() {
    Verdict verdict;
    verdict.scope = Verdict::Scope::account;
    verdict.told = std::chrono::hours(24);
    for (std::size_t i = 1; i < pool_.accounts().size(); ++i) {
      pool_.accounts()[i].state->health.failed(at(), model, verdict, 0);
    }
  }
  void fill_all() {
    for (const Account& account : pool_.accounts()) {
      while (account.state->take_slot(account.max_concurrency)) {
      }
    }
  }
  [[nodiscard]] SessionHash random_session() { return random_.next() | 1U; }

 private:
  [[nodiscard]] Moment at() const { return {.now = clock_.now(), .wall = clock_.wall_now()}; }
  [[nodiscard]] Need need(SessionHash session, std::span<const meter::PromptPrefix> prefixes) {
    return {.dialect = "anthropic",
            .model = model,
            .route = route_,
            .at = at(),
            .session = session,
            .prefixes = prefixes,
            .draw = random_.next()};
  }

  ManualClock clock_;
  SeededRandom random_{1};
  net::FairLine line_;
  std::shared_ptr<StateEvents> events_ = std::make_shared<StateEvents>();
  std::shared_ptr<RoutingMemory> memory_ = std::make_shared<RoutingMemory>();
  AccountPool pool_;
  std::size_t route_ = 0;
  std::size_t next_ = 0;
  meter::TokenCounts read_ = [] {
    meter::TokenCounts made;
    made.cache_read = Tokens(20000);
    made.cache_write_5m = Tokens(1000);
    return made;
  }();
};

/// As many as a dialect gives at most: tools and system prompt that all share, two marked turns of the conversation, and places
/// where earlier ones may have ended.
std::array<meter::PromptPrefix, 24> prefixes_of(SessionHash session) {
  using meter::CacheLife;
  std::array<meter::PromptPrefix, 24> made;
  for (std::size_t i = 0; i < made.size(); ++i) {
    const bool shared = i < 2;
    const bool marked = shared || i == 15 || i == 23;
    made[i] = {.hash = shared ? 11 + i : session + i,
               .bytes = static_cast<std::int64_t>(30000 + i * 3000),
               .life = marked ? CacheLife::five_minutes : CacheLife::none};
  }
  return made;
}

void choose(benchmark::State& state, Conversation conversation, bool with_prefixes) {
  World world(static_cast<int>(state.range(0)));
  std::vector<SessionHash> known(4096);
  for (SessionHash& session : known) session = world.random_session();
  for (const SessionHash session : known) {
    world.serve(session, {});
    world.learn(prefixes_of(session));
  }
  std::size_t turn = 0;
  for (auto _ : state) {
    SessionHash session = world.random_session();
    if (conversation == Conversation::known) session = known[turn++ % known.size()];
    const auto prefixes = prefixes_of(session);
    if (conversation == Conversation::none) session = 0;
    world.serve(session, with_prefixes ? std::span<const meter::PromptPrefix>(prefixes)
                                       : std::span<const meter::PromptPrefix>());
  }
}

/// One account of twenty serves the model.
void find_the_few(benchmark::State& state, bool with_session) {
  World world(1000, 20);
  for (auto _ : state) world.serve(with_session ? world.random_session() : 0, {});
}
BENCHMARK_CAPTURE(find_the_few, new_session, true);
BENCHMARK_CAPTURE(find_the_few, no_session, false);

/// The hard cases: all but one account rest, or all are full.
void find_the_last(benchmark::State& state) {
  World world(static_cast<int>(state.range(0)));
  world.rest_all_but_one();
  for (auto _ : state) world.serve(world.random_session(), {});
}
BENCHMARK(find_the_last)->Arg(10)->Arg(100)->Arg(1000);

void find_nobody(benchmark::State& state) {
  World world(static_cast<int>(state.range(0)));
  world.fill_all();
  for (auto _ : state) world.ask_in_vain(world.random_session());
}
BENCHMARK(find_nobody)->Arg(10)->Arg(100)->Arg(1000);

void learn(benchmark::State& state) {
  World world(1000);
  for (auto _ : state) {
    const SessionHash session = world.random_session();
    world.learn(prefixes_of(session));
  }
}
BENCHMARK(learn);

#define CHOOSING(name, ...) \
  BENCHMARK_CAPTURE(choose, name, __VA_ARGS__)->Arg(10)->Arg(100)->Arg(1000)
CHOOSING(known_session, Conversation::known, false);
CHOOSING(new_session, Conversation::fresh, false);
CHOOSING(no_session, Conversation::none, false);
CHOOSING(known_session_prefixes, Conversation::known, true);
CHOOSING(new_session_prefixes, Conversation::fresh, true);
CHOOSING(no_session_prefixes, Conversation::none, true);

}  // namespace
}  // namespace sluice::routing

BENCHMARK_MAIN();
