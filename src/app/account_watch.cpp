#include "app/account_watch.hpp"

#include <algorithm>
#include <utility>

#include "app/account_rests.hpp"
#include "base/log.hpp"
#include "base/ulid.hpp"
#include "identity/key_grammar.hpp"

namespace sluice::app {
namespace {

using routing::Condition;

AlertEvent event_of(Condition condition) {
  switch (condition) {
    case Condition::ready: return AlertEvent::recovered;
    case Condition::cooling: return AlertEvent::cooling;
    case Condition::unauthorized: return AlertEvent::unauthorized;
    case Condition::blocked: return AlertEvent::blocked;
  }
  return AlertEvent::recovered;
}

/// As people and the admin API say it.
std::string_view state_word(Condition condition) {
  return condition == Condition::ready ? "active" : to_string(condition);
}

log::Level level_of(Condition condition) {
  switch (condition) {
    case Condition::ready: return log::Level::info;
    case Condition::cooling: return log::Level::warn;
    case Condition::unauthorized:
    case Condition::blocked: return log::Level::error;
  }
  return log::Level::warn;
}

std::string subject_of(const std::string& account, const std::string& model) {
  return account + '\n' + model;
}

admin::AccountLive live_of(const WatchedAccount& account,
                           const routing::AccountHealth::Report& report) {
  const routing::CacheFigures cache = account.state->cache.figures();
  admin::AccountLive live;
  live.in_flight = std::max(0, account.state->in_flight.load());
  live.first_event_ms = report.first_event.count();
  live.slow = report.slow;
  live.error_rate = report.error_rate;
  live.attempts_30s = report.attempts_30s;
  live.attempts = static_cast<std::int64_t>(report.attempts);
  live.failures = static_cast<std::int64_t>(report.failures);
  live.cache_hits = static_cast<std::int64_t>(cache.hits);
  live.cache_misses = static_cast<std::int64_t>(cache.requests - cache.hits);
  live.cache_saved_tokens = static_cast<std::int64_t>(saved_tokens(cache));
  for (const routing::Rest& rest : report.rests) {
    live.rests.push_back(stored_rest(account.id, rest));
  }
  return live;
}

}  // namespace

void AccountWatch::use(std::vector<WatchedAccount> accounts,
                       const std::vector<store::AccountRest>& remembered) {
  std::map<std::string, Entry> entries;
  std::set<std::string> fresh;
  for (WatchedAccount& account : accounts) {
    const std::string id = account.id.str();
    const auto found = entries_.find(id);
    Entry entry;
    if (found == entries_.end()) {
      fresh.insert(id);
    } else {
      entry = std::move(found->second);
    }
    entry.account = std::move(account);
    entries.insert_or_assign(id, std::move(entry));
  }
  for (const store::AccountRest& rest : remembered) {
    if (!fresh.contains(rest.account)) continue;
    Entry& entry = entries.at(rest.account);
    entry.rests.insert_or_assign(rest.model, rest);
    alerted_.insert(subject_of(entry.account.name, rest.model));
  }
  for (const auto& [id, entry] : entries_) {
    if (!entries.contains(id) && entry.live) gone_.push_back(id);
  }
  entries_ = std::move(entries);
  next_look_ = {};
}

void AccountWatch::look(routing::Moment at) {
  const auto events = events_.take();
  for (const routing::StateEvent& event : events) tell(event);
  if (const std::uint64_t dropped = events_.dropped(); dropped != dropped_) {
    log::warn("account.states_dropped events={}", dropped - std::exchange(dropped_, dropped));
  }
  if (!events.empty()) next_look_ = {};
  if (at.now < next_look_ || at.now < not_before_) return;
  next_look_ = at.now + figures_every;
  write_down(at);
}

void AccountWatch::tell(const routing::StateEvent& event) {
  const routing::Rest& now = event.now;
  ++counts_.at(static_cast<std::size_t>(now.condition));
  const bool ends = now.condition != Condition::ready && now.until != WallTime::max();
  log::line(level_of(now.condition),
            "account.state account={} model={} before={} now={} rule={} reason={} until={}",
            log::quoted(event.account_name), log::quoted(now.model), state_word(event.before),
            state_word(now.condition), to_string(now.rule), log::quoted(now.reason),
            ends ? identity::rfc3339_text(now.until) : "-");
  alert(event);
}

void AccountWatch::alert(const routing::StateEvent& event) {
  const routing::Rest& now = event.now;
  const std::string subject = subject_of(event.account_name, now.model);
  if (now.condition == Condition::ready) {
    if (alerted_.erase(subject) == 0) return;
  } else {
    if (is_short(now)) return;
    alerted_.insert(subject);
  }
  Alert alert;
  alert.id = Ulid::make(event.at, random_).str();
  alert.event = event_of(now.condition);
  alert.account = event.account_name;
  alert.model = now.model;
  alert.state = state_word(now.condition);
  alert.reason = now.reason;
  if (now.condition != Condition::ready && now.until != WallTime::max()) alert.until = now.until;
  alert.at = event.at;
  alert.node = node_.name;
  alert.urgent = event.alert;
  tell_(std::move(alert));
}

void AccountWatch::compare(const Entry& entry, routing::Moment at, Writing& out) const {
  const auto report = entry.account.state->health.report(at);
  Rests rests;
  for (const routing::Rest& rest : report.rests) {
    if (!is_short(rest)) rests.emplace(rest.model, stored_rest(entry.account.id, rest));
  }
  for (const auto& [model, rest] : rests) {
    const auto written = entry.rests.find(model);
    if (written == entry.rests.end() || written->second != rest) out.put.push_back(rest);
  }
  for (const auto& [model, rest] : entry.rests) {
    if (!rests.contains(model)) out.drop.push_back(rest);
  }
  admin::AccountLive live = live_of(entry.account, report);
  if (live != entry.live) out.live.emplace_back(entry.account.id.str(), std::move(live));
}

void AccountWatch::write_down(routing::Moment at) {
  Writing writing;
  for (const auto& [id, entry] : entries_) compare(entry, at, writing);
  const bool seen = at.now >= next_seen_;
  const bool nothing =
      writing.put.empty() && writing.drop.empty() && writing.live.empty() && gone_.empty() && !seen;
  if (nothing) return;
  const Status written = write(writing, seen, at.wall);
  if (!written) {
    if (!unwritten_) {
      log::warn("store.unwritten what=\"states of accounts\" reason={}",
                log::quoted(written.error().context));
    }
    unwritten_ = true;
    not_before_ = at.now + store_wait;
    return;
  }
  unwritten_ = false;
  if (seen) next_seen_ = at.now + seen_every;
  note(writing);
}

Status AccountWatch::write(const Writing& writing, bool seen, WallTime now) {
  std::vector<store::AccountFigures> figures;
  for (const auto& [account, live] : writing.live) {
    figures.push_back({.account = account, .node = node_.id, .figures = admin::live_text(live)});
  }
  const auto done = database_.write<bool>([&](store::Transaction& transaction) -> Result<bool> {
    store::AccountRests rests(transaction);
    for (const store::AccountRest& rest : writing.drop) rests.drop(rest);
    for (const store::AccountRest& rest : writing.put) rests.put(rest);
    store::AccountFigureTable table(transaction);
    if (seen) table.seen(node_.id, node_.name, now);
    table.put(figures);
    for (const std::string& id : gone_) table.drop(id, node_.id);
    return true;
  });
  if (!done) return std::unexpected(done.error());
  return {};
}

void AccountWatch::note(Writing& writing) {
  for (const store::AccountRest& rest : writing.drop) {
    entries_.at(rest.account).rests.erase(rest.model);
  }
  for (store::AccountRest& rest : writing.put) {
    Rests& rests = entries_.at(rest.account).rests;
    rests.insert_or_assign(rest.model, std::move(rest));
  }
  for (auto& [account, live] : writing.live) entries_.at(account).live = std::move(live);
  gone_.clear();
}

void AccountWatch::leave() {
  const auto done = database_.write<bool>([&](store::Transaction& transaction) -> Result<bool> {
    store::AccountFigureTable(transaction).leave(node_.id);
    return true;
  });
  // The row of a server that isn't there any more is passed over soon.
  if (!done) {
    log::warn("store.unwritten what=\"end of the server\" reason={}",
              log::quoted(done.error().context));
  }
}

}  // namespace sluice::app
