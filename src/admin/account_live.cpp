#include "admin/account_live.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>
#include <map>

#include "admin/views.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;
using store::AccountRest;

std::int64_t number_at(const json::object& from, std::string_view name) {
  const json::value* value = from.if_contains(json::string_view(name.data(), name.size()));
  if (value == nullptr) return 0;
  boost::system::error_code error;
  const auto number = value->to_number<std::int64_t>(error);
  return error ? 0 : number;
}

std::string text_at(const json::object& from, std::string_view name) {
  const json::value* value = from.if_contains(json::string_view(name.data(), name.size()));
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

/// As the store's columns: microseconds since 1970.
std::int64_t to_micros(WallTime time) {
  return std::chrono::floor<std::chrono::microseconds>(time.time_since_epoch()).count();
}
WallTime from_micros(std::int64_t micros) { return WallTime(std::chrono::microseconds(micros)); }

json::object stored_rest(const AccountRest& rest) {
  return {{"model", rest.model},
          {"state", rest.state},
          {"rule", rest.rule},
          {"reason", rest.reason},
          {"since", to_micros(rest.since)},
          {"until", rest.until ? json::value(to_micros(*rest.until)) : json::value()},
          {"level", rest.level}};
}

AccountRest parse_rest(const json::object& from) {
  AccountRest rest;
  rest.model = text_at(from, "model");
  rest.state = text_at(from, "state");
  rest.rule = text_at(from, "rule");
  rest.reason = text_at(from, "reason");
  rest.since = from_micros(number_at(from, "since"));
  const json::value* until = from.if_contains("until");
  if (until != nullptr && until->is_int64()) rest.until = from_micros(until->get_int64());
  rest.level = number_at(from, "level");
  return rest;
}

bool is_longer(const AccountRest& a, const AccountRest& b) {
  if (!a.until || !b.until) return !a.until && b.until;
  return *a.until > *b.until;
}

json::object shown_rest(const AccountRest& rest) {
  return {{"model", rest.model},
          {"state", rest.state},
          {"rule", rest.rule},
          {"reason", rest.reason},
          {"since", time_json(rest.since)},
          {"until", time_json(rest.until)}};
}

/// Three digits are all that a share of the last 30 s means.
double rounded(double share) { return std::round(share * 1000) / 1000; }

}  // namespace

std::string live_text(const AccountLive& live) {
  json::array rests;
  for (const AccountRest& rest : live.rests) rests.emplace_back(stored_rest(rest));
  return json::serialize(json::object{{"in_flight", live.in_flight},
                                      {"first_event_ms", live.first_event_ms},
                                      {"slow", live.slow},
                                      {"error_rate", rounded(live.error_rate)},
                                      {"attempts_30s", live.attempts_30s},
                                      {"attempts", live.attempts},
                                      {"failures", live.failures},
                                      {"cache_hits", live.cache_hits},
                                      {"cache_misses", live.cache_misses},
                                      {"cache_saved_tokens", live.cache_saved_tokens},
                                      {"rests", std::move(rests)}});
}

std::optional<AccountLive> parse_live(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error || !value.is_object()) return {};
  const json::object& from = value.get_object();
  AccountLive live;
  live.in_flight = number_at(from, "in_flight");
  live.first_event_ms = number_at(from, "first_event_ms");
  const json::value* slow = from.if_contains("slow");
  live.slow = slow != nullptr && slow->is_bool() && slow->get_bool();
  if (const json::value* rate = from.if_contains("error_rate"); rate && rate->is_number()) {
    live.error_rate = rate->to_number<double>();
  }
  live.attempts_30s = number_at(from, "attempts_30s");
  live.attempts = number_at(from, "attempts");
  live.failures = number_at(from, "failures");
  live.cache_hits = number_at(from, "cache_hits");
  live.cache_misses = number_at(from, "cache_misses");
  live.cache_saved_tokens = number_at(from, "cache_saved_tokens");
  if (const json::value* rests = from.if_contains("rests"); rests && rests->is_array()) {
    for (const json::value& rest : rests->get_array()) {
      if (rest.is_object()) live.rests.push_back(parse_rest(rest.get_object()));
    }
  }
  return live;
}

void merge(AccountLive& into, const AccountLive& other) {
  const std::int64_t attempts = into.attempts_30s + other.attempts_30s;
  if (attempts > 0) {
    into.error_rate = (into.error_rate * static_cast<double>(into.attempts_30s) +
                       other.error_rate * static_cast<double>(other.attempts_30s)) /
                      static_cast<double>(attempts);
  }
  into.attempts_30s = attempts;
  into.in_flight += other.in_flight;
  into.first_event_ms = std::max(into.first_event_ms, other.first_event_ms);
  into.slow = into.slow || other.slow;
  into.attempts += other.attempts;
  into.failures += other.failures;
  into.cache_hits += other.cache_hits;
  into.cache_misses += other.cache_misses;
  into.cache_saved_tokens += other.cache_saved_tokens;
  into.rests.insert(into.rests.end(), other.rests.begin(), other.rests.end());
}

AccountNow account_now(std::vector<AccountRest> remembered,
                       const std::vector<store::AccountFigures>& figures, WallTime now) {
  AccountNow out;
  for (const store::AccountFigures& row : figures) {
    const auto seen = parse_live(row.figures);
    if (!seen) continue;
    if (!out.live) out.live.emplace();
    merge(*out.live, *seen);
  }
  if (out.live) {
    remembered.insert(remembered.end(), out.live->rests.begin(), out.live->rests.end());
  }
  std::map<std::string, AccountRest> by_model;
  for (AccountRest& rest : remembered) {
    if (rest.until && *rest.until <= now) continue;
    const auto [at, is_new] = by_model.try_emplace(rest.model, rest);
    if (!is_new && is_longer(rest, at->second)) at->second = std::move(rest);
  }
  for (auto& [model, rest] : by_model) out.rests.push_back(std::move(rest));
  return out;
}

void show_now(View& view, const AccountNow& now) {
  const AccountRest* whole = now.whole();
  const std::string state = text_at(view, "state");
  const bool is_used = state != "disabled" && state != "expired" && state != "removed";
  const bool rests = whole != nullptr && is_used;
  if (rests) {
    view["state"] = whole->state;
    view["state_reason"] = whole->reason;
  }
  view["state_until"] = rests ? time_json(whole->until) : json::value();
  const auto figure = [&](const char* name, auto get) {
    view[name] = now.live ? json::value(get(*now.live)) : json::value();
  };
  figure("in_flight", [](const AccountLive& live) { return live.in_flight; });
  figure("first_event_ms", [](const AccountLive& live) {
    return live.first_event_ms > 0 ? json::value(live.first_event_ms) : json::value();
  });
  figure("slow", [](const AccountLive& live) { return live.slow; });
  figure("error_rate", [](const AccountLive& live) { return rounded(live.error_rate); });
  figure("attempts", [](const AccountLive& live) { return live.attempts; });
  figure("failures", [](const AccountLive& live) { return live.failures; });
  figure("cache_hit_rate", [](const AccountLive& live) {
    const auto asked = static_cast<double>(live.cache_hits + live.cache_misses);
    return asked > 0 ? json::value(rounded(static_cast<double>(live.cache_hits) / asked))
                     : json::value();
  });
  figure("cache_saved_tokens", [](const AccountLive& live) { return live.cache_saved_tokens; });
  json::array list;
  for (const AccountRest& rest : now.rests) list.emplace_back(shown_rest(rest));
  view["rests"] = std::move(list);
}

void show_now(const Desk& desk, View& view) {
  const std::string id = text_at(view, "id");
  const auto figures = store::AccountFigureTable(desk.transaction).of(id, desk.now);
  show_now(view, account_now(store::AccountRests(desk.transaction).of(id), figures, desk.now));
}

}  // namespace sluice::admin
