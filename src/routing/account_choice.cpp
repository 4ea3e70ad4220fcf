#include "routing/account_choice.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "routing/hashing.hpp"

namespace sluice::routing {
namespace {

using Availability = AccountHealth::Availability;

/// Beside the average of the class.
double relative_weight(const AccountClass& of, std::size_t place) {
  return of.weights[place] * static_cast<double>(of.size()) / static_cast<double>(of.weight());
}

}  // namespace

AccountChoice::AccountChoice(const AccountPool& pool, const Need& need)
    : pool_(pool),
      need_(need),
      menus_(pool.menus_, pool.accounts_, need.model),
      classes_(pool.classes_.classes(need.route, need.dialect)),
      random_(need.draw) {
  const auto place = pool.memory_->sessions.find(need.session, need.at.now);
  if (!place) return;
  const auto home = pool.by_hash_.find(place->account);
  if (home == pool.by_hash_.end()) return;
  home_ = home->second;
  cold_ = need.at.now - place->last_used >= SessionTable::cold_after;
}

bool AccountChoice::may_be_asked(std::uint32_t index) {
  return menus_.of(index).serves && std::ranges::find(need_.asked, index) == need_.asked.end();
}

AccountChoice::Look AccountChoice::look(std::uint32_t index) {
  if (!may_be_asked(index)) return {};
  const MenuAnswers::Answer& menu = menus_.of(index);
  const Account& account = pool_.accounts_[index];
  AccountState& state = *account.state;
  const bool full = account.max_concurrency > 0 &&
                    state.in_flight.load(std::memory_order_relaxed) >= account.max_concurrency;
  if (full) return {};
  const Availability is = state.health.availability(need_.at.now, menu.hash);
  if (is == Availability::probing || is == Availability::resting) return {};
  Look found{.fit = Fit::good, .probe = is == Availability::probe};
  if (state.health.slow(need_.at.now)) {
    found.fit = Fit::slow;
  } else if (!need_.asked.empty() && (found.probe || !state.health.proven())) {
    found.fit = Fit::guess;
  }
  return found;
}

std::optional<AccountChoice::Pick> AccountChoice::choose() {
  if (need_.pinned != nullptr) return pinned();
  if (home_ && !cold_) {
    // Worth more than a better class.
    for (const AccountClass& of : classes_) {
      if (auto picked = stay(of, Fit::good)) return picked;
    }
  }
  std::optional<Pick> second_best;
  for (const AccountClass& of : classes_) {
    auto picked = need_.session == 0 ? by_draw(of) : by_session(of);
    if (!picked) continue;
    // To a request that has failed already, an account that is well is worth more than a better class.
    if (need_.asked.empty() || look(picked->index).fit == Fit::good) return picked;
    if (!second_best) second_best = picked;
  }
  return second_best;
}

std::optional<AccountChoice::Pick> AccountChoice::stay(const AccountClass& of, Fit at_worst) {
  if (!home_ || of.place_of(*home_) == of.size()) return std::nullopt;
  const Look found = look(*home_);
  if (found.fit > at_worst) return std::nullopt;
  return Pick{.index = *home_, .probe = found.probe};
}

std::optional<AccountChoice::Pick> AccountChoice::pinned() {
  home_.reset();
  const auto known = pool_.by_hash_.find(account_hash(*need_.pinned));
  if (known == pool_.by_hash_.end()) return std::nullopt;
  home_ = known->second;
  for (const AccountClass& of : classes_) {
    if (auto picked = stay(of, Fit::slow)) return picked;
  }
  return std::nullopt;
}

template <class Filter>
AccountChoice::Nearest AccountChoice::nearest(const AccountClass& of, std::size_t count_max,
                                              Filter filter) {
  Nearest found{.weight = of.one_menu ? of.weight() : 0};
  const std::uint64_t session = need_.session;
  const AccountHash* const hashes = of.hashes.data();
  const std::uint32_t* const inverse_weights = of.inverse_weights.data();
  const SessionTable::Count* const* const sessions = of.sessions.data();
  const std::size_t size = of.size();
  std::uint64_t farthest = UINT64_MAX;  // that still comes among them
  for (std::size_t place = 0; place < size; ++place) {
    if (!of.one_menu) {
      if (!menus_.of_menu(of.menus[place]).serves) continue;
      found.weight += of.weights[place];
    }
    found.sessions += sessions[place]->load(std::memory_order_relaxed);
    const std::uint64_t u = rendezvous_draw(session, hashes[place]);
    const std::uint32_t inverse_weight = inverse_weights[place];
    if (rendezvous_distance_min(u, inverse_weight) >= farthest) continue;
    const std::uint64_t distance = rendezvous_distance(u, inverse_weight);
    if (distance >= farthest || !filter(place)) continue;
    std::size_t at = found.count < count_max ? found.count++ : count_max - 1;
    for (; at > 0 && found.in_order[at - 1].distance > distance; --at) {
      found.in_order[at] = found.in_order[at - 1];
    }
    found.in_order[at] = {.distance = distance, .place = place};
    if (found.count == count_max) farthest = found.in_order[count_max - 1].distance;
  }
  return found;
}

void AccountChoice::crowd(const AccountClass& of, const Nearest& among, Candidate& candidate) {
  const double share = static_cast<double>(among.sessions + 1) * of.weights[candidate.place] /
                       static_cast<double>(among.weight);
  const double has = of.sessions[candidate.place]->load(std::memory_order_relaxed);
  candidate.load = has / share;
  candidate.crowded = has + 1 > sessions_over_share * share + sessions_over;
}

std::optional<AccountChoice::Candidate> AccountChoice::first_of(const AccountClass& of,
                                                                const Nearest& nearest) {
  std::optional<Candidate> best;
  bool passed_over = false;  // one that is well, and has too many
  for (const Near& near : std::span(nearest.in_order).first(nearest.count)) {
    Candidate one{.place = near.place, .look = look(of.members[near.place])};
    if (one.look.fit == Fit::none) continue;
    crowd(of, nearest, one);
    const auto better = [&] {
      if (!best) return true;
      if (one.look.fit != best->look.fit) return one.look.fit < best->look.fit;
      if (one.crowded != best->crowded) return best->crowded;
      // What is too much for the first goes where there is most room; where all are crowded, as others are away, too.
      return one.load < best->load;
    };
    if (better()) best = one;
    if (one.look.fit != Fit::good) continue;
    if (!one.crowded && !passed_over) break;
    passed_over = true;
  }
  return best;
}

std::optional<AccountChoice::Pick> AccountChoice::by_session(const AccountClass& of) {
  if (auto picked = stay(of, Fit::good)) return picked;
  const auto anyone = [&](std::size_t place) { return may_be_asked(of.members[place]); };
  // Nineteen of twenty go to the nearest, and to find only that is half the work.
  Nearest near = nearest(of, 1, anyone);
  auto best = first_of(of, near);
  if (!best || best->look.fit != Fit::good || best->crowded) {
    near = nearest(of, few, anyone);
    best = first_of(of, near);
  }
  const bool good = best && best->look.fit == Fit::good;
  if (!good && of.size() > few) {
    near = nearest(of, few,
                   [&](std::size_t place) { return look(of.members[place]).fit == Fit::good; });
    if (near.count > 0) best = first_of(of, near);
  }
  if (!good && !best && of.size() > few) {
    near = nearest(of, few,
                   [&](std::size_t place) { return look(of.members[place]).fit != Fit::none; });
    best = first_of(of, near);
  }
  if (!best) return std::nullopt;
  if (best->look.fit == Fit::slow) {
    if (auto picked = stay(of, Fit::slow)) return picked;
  }
  const auto uncrowded = [&](Candidate& other) {
    crowd(of, near, other);
    return !other.crowded;
  };
  return pick(of, warmest(of, *best, uncrowded));
}

std::optional<AccountChoice::Candidate> AccountChoice::least_loaded(
    const AccountClass& of, std::span<const std::size_t> places) {
  // "Fast" and "slow" are in relation to those that are looked at.
  std::int64_t sum = 0;
  std::int64_t known = 0;
  for (const std::size_t place : places) {
    const auto first_event = pool_.accounts_[of.members[place]].state->health.first_event();
    sum += first_event.count();
    known += first_event.count() > 0 ? 1 : 0;
  }
  const double usual = known == 0 ? 0 : static_cast<double>(sum) / static_cast<double>(known);
  std::optional<Candidate> best;
  for (const std::size_t place : places) {
    Candidate one{.place = place, .look = look(of.members[place])};
    if (one.look.fit == Fit::none) continue;
    const AccountState& state = *pool_.accounts_[of.members[place]].state;
    const double takes = static_cast<double>(state.health.first_event().count());
    // In halves, so that a small difference, which says nothing, doesn't gather everything on one.
    const double pace = takes > 0 ? std::round(2 * takes / usual) / 2 : 1;
    const double weight = relative_weight(of, place);
    one.load = state.in_flight.load(std::memory_order_relaxed) / weight + pace;
    if (!best || one.look.fit < best->look.fit ||
        (one.look.fit == best->look.fit && one.load < best->load)) {
      best = one;
    }
  }
  return best;
}

std::size_t AccountChoice::drawn(const AccountClass& of) {
  std::size_t place = 0;
  for (int i = 0; i < draws_for_model; ++i) {
    place = of.at_weight(next_random(random_) % of.weight());
    if (may_be_asked(of.members[place])) break;
  }
  return place;
}

std::optional<AccountChoice::Pick> AccountChoice::by_draw(const AccountClass& of) {
  std::optional<Candidate> best;
  for (int i = 0; i < draws_max && of.size() > few; ++i) {
    const std::array<std::size_t, 2> pair{drawn(of), drawn(of)};
    best = least_loaded(of, pair);
    if (best && best->look.fit == Fit::good) break;
  }
  if (!best || best->look.fit != Fit::good) {
    // Begins with whose turn it is, so that equals take turns.
    std::vector<std::size_t> all(of.size());
    std::iota(all.begin(), all.end(), 0U);
    std::ranges::rotate(all, all.begin() + static_cast<std::ptrdiff_t>(drawn(of)));
    std::erase_if(all, [&](std::size_t place) { return !may_be_asked(of.members[place]); });
    best = least_loaded(of, all);
  }
  if (!best) return std::nullopt;
  const auto idle = [&](Candidate& other) {
    const AccountState& state = *pool_.accounts_[of.members[other.place]].state;
    const double weight = relative_weight(of, other.place);
    other.load = state.in_flight.load(std::memory_order_relaxed) / weight + 1;
    return other.load <= best->load + 1;
  };
  return pick(of, warmest(of, *best, idle));
}

template <class Allowed>
AccountChoice::Candidate AccountChoice::warmest(const AccountClass& of, const Candidate& first,
                                                Allowed allowed) {
  const PromptCache& cache = pool_.memory_->prompt_cache;
  const ModelHash model = menus_.of(of.members[first.place]).hash;
  const PromptCache::Holders holders = cache.holders(model, need_.prefixes, need_.at.now);
  const auto prefixes = need_.prefixes.first(holders.prefixes);
  if (prefixes.empty() || prefixes.back().bytes < warm_bytes_min) return first;
  Candidate best = first;
  std::int64_t least =
      cache.warm_bytes(of.hashes[first.place], model, prefixes, need_.at.now) + warm_bytes_min;
  for (const AccountHash holder : holders.accounts) {
    const auto known = pool_.by_hash_.find(holder);
    if (known == pool_.by_hash_.end()) continue;
    Candidate one{.place = of.place_of(known->second)};
    if (one.place == of.size() || menus_.of(known->second).hash != model) continue;
    const std::int64_t warm = cache.warm_bytes(holder, model, prefixes, need_.at.now);
    if (warm < least || (warm == least && best.place == first.place)) continue;
    one.look = look(known->second);
    if (one.look.fit != Fit::good || one.look.probe || !allowed(one)) continue;
    if (warm == least && one.load >= best.load) continue;
    best = one;
    least = warm;
  }
  return best;
}

AccountLease::Terms AccountChoice::terms(const Pick& pick) {
  const MenuAnswers::Answer& menu = menus_.of(pick.index);
  return {.index = pick.index,
          .model = std::string(menu.upstream_model),
          .model_hash = menu.hash,
          .session = need_.session,
          .cap = pool_.accounts_[pick.index].max_concurrency,
          .is_probe = pick.probe};
}

Unavailable AccountChoice::why_none() {
  Unavailable found;
  for (const AccountClass& of : classes_) {
    for (const std::uint32_t index : of.members) {
      if (need_.pinned == nullptr || index == home_) count_reason(index, found);
    }
  }
  return found;
}

std::optional<AccountLease::Terms> AccountChoice::early_probe() {
  for (const AccountClass& of : classes_) {
    const std::size_t count = of.members.size();
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t index = of.members[(need_.draw + i) % count];
      if (need_.pinned != nullptr && index != home_) continue;
      if (!may_be_asked(index)) continue;
      AccountState& state = *pool_.accounts_[index].state;
      if (!state.health.take_early_probe(need_.at.now, menus_.of(index).hash)) continue;
      return terms({.index = index, .probe = true});
    }
  }
  return std::nullopt;
}

void AccountChoice::count_reason(std::uint32_t index, Unavailable& so_far) {
  using Why = Unavailable::Why;
  // Of several, the one that gives most hope: the order in which they stand here.
  const auto note = [&](Why why) {
    constexpr std::array<int, 5> hope{0, 1, 4, 3, 2};  // nobody, asked, full, probing, resting
    const auto of = [&](Why w) { return hope[static_cast<std::size_t>(w)]; };
    if (of(why) > of(so_far.why)) so_far.why = why;
  };
  const MenuAnswers::Answer& menu = menus_.of(index);
  if (!menu.serves) return;
  if (std::ranges::find(need_.asked, index) != need_.asked.end()) return note(Why::asked);
  AccountState& state = *pool_.accounts_[index].state;
  switch (state.health.availability(need_.at.now, menu.hash)) {
    case Availability::resting:
      so_far.soonest = std::min(so_far.soonest, state.health.rests_until(menu.hash));
      return note(Why::resting);
    case Availability::probing: return note(Why::probing);
    case Availability::open:
    case Availability::probe: return note(Why::full);
  }
}

}  // namespace sluice::routing
