#include "sim/stats.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "base/ascii.hpp"
#include "base/secret.hpp"

namespace sluice::sim {
namespace {

namespace json = boost::json;

/// Never right at a provider: they belong to one hop, or tell of the client.
constexpr std::array<std::string_view, 15> foreign_headers = {"keep-alive",
                                                              "proxy-authorization",
                                                              "proxy-connection",
                                                              "proxy-authenticate",
                                                              "te",
                                                              "trailer",
                                                              "upgrade",
                                                              "cookie",
                                                              "forwarded",
                                                              "via",
                                                              "x-real-ip",
                                                              "x-goog-api-key",
                                                              "api-key",
                                                              "x-sluice-error",
                                                              "x-sluice-session"};

bool is_leak(const wire::HeaderField& field) {
  if (ascii::iequal(field.name, "connection")) {
    bool foreign = false;
    ascii::for_each_element(field.value, [&](std::string_view option) {
      foreign = foreign || !(ascii::iequal(option, "close") || ascii::iequal(option, "keep-alive"));
    });
    return foreign;
  }
  // A relay's own keys are for its clients.
  if (field.value.find("sk-slc-") != std::string_view::npos) return true;
  if (ascii::istarts_with(field.name, "x-forwarded-")) return true;
  return std::any_of(foreign_headers.begin(), foreign_headers.end(),
                     [&](std::string_view name) { return ascii::iequal(name, field.name); });
}

/// Enough to tell keys apart, and too little to use one.
std::string key_name(std::string_view key) {
  const Sha256 hash = sha256(key);
  const std::string hex = to_hex({reinterpret_cast<const char*>(hash.data()), 6});
  const std::size_t shown = key.size() < 12 ? 0 : 4;
  return "..." + std::string(key.substr(key.size() - shown)) + " " + hex;
}

/// Strangers may send any names: past the bound they share one.
template <class Map>
auto& bounded(Map& map, std::string_view name) {
  const auto found = map.find(name);
  if (found != map.end()) return found->second;
  if (map.size() >= Stats::names_max) return map["other"];
  return map[std::string(name)];
}

template <class Map>
json::object object_of(const Map& map) {
  json::object out;
  for (const auto& [name, count] : map) out[name] = count;
  return out;
}

}  // namespace

void Stats::Tokens::add(const Claim& claim) {
  ++requests;
  input += claim.input;
  output += claim.output;
  cache_read += claim.cache_read;
  cache_write_5m += claim.cache_write_5m;
  cache_write_1h += claim.cache_write_1h;
}

void Stats::on_connection() {
  const std::lock_guard lock(mutex_);
  ++counts_.connections;
}

void Stats::on_request(std::string_view route, std::string_view request_id, std::string_view key,
                       const wire::RequestHead& head) {
  const std::string name = key.empty() ? std::string("none") : key_name(key);
  const bool two_credentials =
      head.find("x-api-key") != nullptr && head.find("authorization") != nullptr;
  const std::lock_guard lock(mutex_);
  ++in_flight_;
  ++counts_.requests;
  ++bounded(counts_.routes, route);
  ++bounded(counts_.keys, name);
  for (const wire::HeaderField& field : head.headers) {
    const bool second = two_credentials && ascii::iequal(field.name, "authorization");
    if (!second && !is_leak(field)) continue;
    ++counts_.leaked_headers;
    ++bounded(counts_.leaked, ascii::to_lower(field.name));
  }
  counts_.recent.emplace_back(request_id);
  if (counts_.recent.size() > recent_max) counts_.recent.pop_front();
}

void Stats::on_wrong_key() {
  const std::lock_guard lock(mutex_);
  ++counts_.wrong_keys;
}

void Stats::on_stream_started() {
  const std::lock_guard lock(mutex_);
  ++counts_.streams_started;
}

void Stats::on_end(bool stream, int status, Ending ending, const Claim* claim,
                   std::uint64_t output_sent) {
  const std::lock_guard lock(mutex_);
  --in_flight_;
  if (status != 0) ++counts_.statuses[status];
  counts_.output_sent += output_sent;
  if (claim != nullptr) {
    counts_.tokens.add(*claim);
    bounded(counts_.models, claim->model).add(*claim);
  }
  switch (ending) {
    case Ending::completed:
      ++(stream ? counts_.streams_completed : counts_.answers_completed);
      break;
    case Ending::cut_by_client:
      ++(stream ? counts_.streams_cut_by_client : counts_.answers_cut_by_client);
      break;
    case Ending::cut_by_fault:
      ++(stream ? counts_.streams_cut_by_fault : counts_.answers_cut_by_fault);
      break;
  }
}

void Stats::reset() {
  const std::lock_guard lock(mutex_);
  counts_ = {};
}

std::string Stats::json() const {
  const std::lock_guard lock(mutex_);
  const Counts& c = counts_;
  const auto tokens = [](const Tokens& t) {
    return json::object{{"requests", t.requests},
                        {"input", t.input},
                        {"output", t.output},
                        {"cache_read", t.cache_read},
                        {"cache_write_5m", t.cache_write_5m},
                        {"cache_write_1h", t.cache_write_1h}};
  };
  json::object statuses;
  for (const auto& [status, count] : c.statuses) statuses[std::to_string(status)] = count;
  json::object models;
  for (const auto& [model, used] : c.models) models[model] = tokens(used);
  json::array keys;
  for (const auto& [name, count] : c.keys) {
    const auto blank = name.find(' ');
    if (blank == std::string::npos) {
      keys.push_back(json::object{{"last4", name}, {"sha256", ""}, {"requests", count}});
    } else {
      keys.push_back(json::object{{"last4", name.substr(3, blank - 3)},
                                  {"sha256", name.substr(blank + 1)},
                                  {"requests", count}});
    }
  }
  json::object out{
      {"connections", c.connections},
      {"requests", c.requests},
      {"requests_in_flight", in_flight_},
      {"routes", object_of(c.routes)},
      {"statuses", std::move(statuses)},
      {"streams", json::object{{"started", c.streams_started},
                               {"completed", c.streams_completed},
                               {"cut_by_client", c.streams_cut_by_client},
                               {"cut_by_fault", c.streams_cut_by_fault}}},
      {"answers", json::object{{"completed", c.answers_completed},
                               {"cut_by_client", c.answers_cut_by_client},
                               {"cut_by_fault", c.answers_cut_by_fault}}},
      {"tokens", tokens(c.tokens)},
      {"output_sent", c.output_sent},
      {"models", std::move(models)},
      {"keys", std::move(keys)},
      {"wrong_keys", c.wrong_keys},
      {"leaked_headers", c.leaked_headers},
      {"leaked_header_names", object_of(c.leaked)},
      {"request_ids", json::array(c.recent.begin(), c.recent.end())},
  };
  return json::serialize(out);
}

}  // namespace sluice::sim
