#pragma once
/// A client's request, read and admitted: what the way to a provider and back works on.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "admit/slots.hpp"
#include "dialect/dialect.hpp"
#include "http/connection_pool.hpp"
#include "http/exchange.hpp"
#include "net/fair_line.hpp"
#include "relay/current_snapshot.hpp"
#include "relay/record.hpp"

namespace sluice::relay {

/// What the requests of a thread share.
struct RelayContext {
  net::Loop& loop;
  const Clock& clock;
  Random& random;
  http::ConnectionPool& connections;
  http::BufferBudget& budget;
  metrics::ThreadMetrics& metrics;
  net::FairLine& line;

  [[nodiscard]] routing::Moment moment() const { return {loop.now(), loop.wall_now()}; }
};

/// The exchange outlives it.
struct RelayRequest {
  http::Exchange& exchange;
  const dialect::Dialect& dialect;
  std::shared_ptr<const Snapshot> snapshot;
  std::size_t route;  // of the key, to its accounts
  std::shared_ptr<KeyState> key_state;
  int key_concurrency;         // its cap; 0: none
  net::FairLine::Party party;  // the key, where it has to wait,
  TimePoint queue_deadline;    // and until when
  std::string_view method;
  std::string_view path;  // as the provider knows it
  std::string query;      // without the client's key
  std::string_view body;  // empty: none
  // Where the model stands in the body; length 0: nowhere.
  std::size_t model_offset = 0;
  std::size_t model_length = 0;
  bool stream = false;                                       // the client asked for a stream
  routing::SessionHash session = 0;                          // 0: none
  std::unique_ptr<dialect::Conversation> conversation = {};  // null: there is no choice of accounts
  std::string resource = {};  // of one account, that the request goes on with
  admit::SlotLease key_slot = {};
  std::shared_ptr<const Snapshot> refreshed = {};  // a newer one, whose access token is used
  OpenRecord record;

  [[nodiscard]] std::span<const meter::PromptPrefix> prefixes() const {
    if (!conversation) return {};
    return {conversation->prefixes.data(), conversation->prefix_count};
  }
};

}  // namespace sluice::relay
