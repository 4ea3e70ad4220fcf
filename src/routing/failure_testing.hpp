#pragma once
/// What the tests of failures share: answers written down briefly, and verdicts as one line.

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "routing/failure.hpp"

namespace sluice::routing::testing {

/// "retry-after: 7\nx-should-retry: true". The text outlives the head.
inline wire::ResponseHead head_of(std::string_view fields) {
  wire::ResponseHead head;
  while (!fields.empty()) {
    const auto line = fields.substr(0, fields.find('\n'));
    fields.remove_prefix(std::min(line.size() + 1, fields.size()));
    const auto colon = line.find(": ");
    head.headers.push_back({line.substr(0, colon), line.substr(colon + 2)});
  }
  return head;
}

inline std::string seconds_text(Milliseconds time) {
  if (time.count() % 1000 == 0) return std::to_string(time.count() / 1000) + 's';
  return std::to_string(time.count()) + "ms";
}

/// "if_alone, other, account server_error 30s to 600s from the 3rd, counts"; what isn't so isn't said.
inline std::string text_of(const Verdict& verdict) {
  std::string out;
  const auto say = [&](std::string_view words) {
    if (!out.empty()) out += ", ";
    out += words;
  };
  if (verdict.clients_fault) say("client's");
  switch (verdict.again) {
    case Verdict::Again::never: break;
    case Verdict::Again::after_refresh: say("after_refresh"); break;
    case Verdict::Again::after_repair: say("after_repair"); break;
    case Verdict::Again::if_alone: say("if_alone"); break;
  }
  if (verdict.other) say("other");
  if (verdict.scope != Verdict::Scope::none) {
    say(verdict.scope == Verdict::Scope::model ? "model " : "account ");
    out += to_string(verdict.rule);
    if (verdict.for_good) out += " for good";
    if (verdict.rest.count() > 0) out += ' ' + seconds_text(verdict.rest);
    if (verdict.rest_max.count() > 0) out += " to " + seconds_text(verdict.rest_max);
    if (verdict.streak > 1) out += " from " + std::to_string(verdict.streak);
  }
  if (verdict.told) say("told " + seconds_text(*verdict.told));
  if (verdict.counts) say("counts");
  if (verdict.alert) say("alert");
  return out;
}

}  // namespace sluice::routing::testing
