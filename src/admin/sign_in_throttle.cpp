#include "admin/sign_in_throttle.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/secret.hpp"
#include "net/ip_network.hpp"

namespace sluice::admin {
namespace {

using std::chrono::seconds;

seconds block_after(std::int64_t failures) {
  if (failures < Throttle::failures_free) return seconds(0);
  const std::int64_t doublings = std::min<std::int64_t>(failures - Throttle::failures_free, 20);
  return std::min(Throttle::block_min * (std::int64_t{1} << doublings), Throttle::block_max);
}

}  // namespace

std::string throttle_subject_of_name(std::string_view user_name) {
  const Sha256 digest = sha256(ascii::to_lower(user_name));
  constexpr std::size_t enough = 16;
  return "user:" + to_hex({reinterpret_cast<const char*>(digest.data()), enough});
}

std::string throttle_subject_of_peer(std::string_view peer) {
  const auto address = net::IpAddress::parse(peer);
  if (!address || address->is_v4()) return "peer:" + std::string(peer);
  constexpr std::size_t subscriber = 8;  // bytes
  return "peer:" + to_hex({reinterpret_cast<const char*>(address->bytes().data()), subscriber}) +
         "/64";
}

store::Attempts Throttle::attempts_of(const std::string& subject) {
  auto attempts = table_.find(subject);
  if (!attempts || attempts->last + memory < now_) {
    return {.subject = subject, .failures = 0, .last = now_, .blocked_until = {}};
  }
  return *std::move(attempts);
}

Outcome<void> Throttle::begin(const std::vector<std::string>& subjects, Patience patience) {
  table_.drop_older(now_ - memory);
  std::vector<store::Attempts> all;
  WallTime free = now_;
  for (const std::string& subject : subjects) {
    all.push_back(attempts_of(subject));
    const store::Attempts& attempts = all.back();
    if (!attempts.blocked_until) continue;
    WallTime until = *attempts.blocked_until;
    if (patience == Patience::brief) until = std::min(until, attempts.last + block_min);
    free = std::max(free, until);
  }
  if (free > now_) {
    const auto wait = std::chrono::ceil<seconds>(free - now_);
    Refusal refusal(Errc::rate_limited, {},
                    "too many attempts; come again in " + std::to_string(wait.count()) + " s");
    refusal.retry_after = wait;
    return std::unexpected(std::move(refusal));
  }
  for (store::Attempts& attempts : all) {
    ++attempts.failures;
    attempts.last = now_;
    const seconds block = block_after(attempts.failures);
    attempts.blocked_until.reset();
    if (block.count() > 0) attempts.blocked_until = now_ + block;
    table_.put(attempts);
  }
  return {};
}

void Throttle::take_back(const std::vector<std::string>& subjects) {
  for (const std::string& subject : subjects) {
    auto attempts = table_.find(subject);
    if (!attempts) continue;
    attempts->failures = std::max<std::int64_t>(0, attempts->failures - 1);
    attempts->blocked_until.reset();
    table_.put(*attempts);
  }
}

void Throttle::forgive(const std::vector<std::string>& subjects) {
  for (const std::string& subject : subjects) table_.drop(subject);
}

}  // namespace sluice::admin
