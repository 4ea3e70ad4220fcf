#include "net/resolver.hpp"

#include <netdb.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>

#include "base/log.hpp"

namespace sluice::net {

/// What is known of names, and who waits for what is being asked.
class Resolver::Memory {
 public:
  Memory(const Clock& clock, Lookup lookup) : clock_(clock), lookup_(std::move(lookup)) {}

  struct Asker {
    explicit Asker(Loop& of) : loop(of) {}
    Loop& loop;
    Signal done;                     // on the loop's thread
    std::atomic<bool> left = false;  // set there
    Result<Addresses> answer;        // before `done`
  };
  struct Question {
    std::optional<Result<Addresses>> known;  // else `asker` is told
    std::shared_ptr<Asker> asker;
    Addresses stale;                      // empty: none
    TimePoint patience_end = time_never;  // from when on they serve
    bool is_first = false;                // it has to be looked up now
  };

  Question ask(Loop& loop, const std::string& host) {
    const std::lock_guard lock(mutex_);
    const TimePoint now = clock_.now();
    Question question;
    if (const auto found = names_.find(host); found != names_.end()) {
      const Name& name = found->second;
      if (now < name.fresh_until) {
        question.known = name.addresses;
        return question;
      }
      if (now < name.fresh_until + stale_for) question.stale = name.addresses;
      if (now < name.failed_until) {
        if (question.stale.empty()) {
          question.known = std::unexpected(name.failure);
        } else {
          question.known = std::move(question.stale);
        }
        return question;
      }
    }
    question.asker = std::make_shared<Asker>(loop);
    auto [flight, is_first] = flights_.try_emplace(host, Flight{.begun = now, .askers = {}});
    flight->second.askers.push_back(question.asker);
    question.is_first = is_first;
    if (!question.stale.empty()) question.patience_end = flight->second.begun + stale_patience;
    return question;
  }

  /// On a thread that may block.
  void look_up(const std::string& host) {
    if (all_left(host)) return;
    Result<Addresses> answer = lookup_(host);
    for (const auto& asker : keep(host, answer)) {
      asker->answer = answer;
      asker->loop.post([asker] {
        if (!asker->left) asker->done.fire();
      });
    }
  }

  /// There is no thread to look it up.
  void give_up(const std::string& host) {
    const std::lock_guard lock(mutex_);
    flights_.erase(host);
  }

 private:
  struct Name {
    Addresses addresses;  // the last there were
    TimePoint fresh_until{};
    TimePoint failed_until{};
    Error failure;
  };
  struct Flight {
    TimePoint begun;
    std::vector<std::shared_ptr<Asker>> askers;
  };

  /// Behind threads that hang, questions pile up whose askers have left.
  bool all_left(const std::string& host) {
    const std::lock_guard lock(mutex_);
    const auto found = flights_.find(host);
    if (found == flights_.end()) return true;
    const auto& askers = found->second.askers;
    if (!std::all_of(askers.begin(), askers.end(),
                     [](const auto& asker) { return asker->left.load(); })) {
      return false;
    }
    flights_.erase(found);
    return true;
  }

  std::vector<std::shared_ptr<Asker>> keep(const std::string& host, Result<Addresses>& answer) {
    const std::lock_guard lock(mutex_);
    const TimePoint now = clock_.now();
    make_room(now);
    Name& name = names_[host];
    if (answer) {
      name = {
          .addresses = *answer, .fresh_until = now + fresh_for, .failed_until = {}, .failure = {}};
    } else {
      name.failure = answer.error();
      name.failed_until = now + failed_for;
      if (!name.addresses.empty() && now < name.fresh_until + stale_for) {
        log::warn("dns.stale reason={}", log::quoted(name.failure.context));
        answer = name.addresses;
      }
    }
    return std::move(flights_.extract(host).mapped().askers);
  }

  void make_room(TimePoint now) {
    if (names_.size() < names_max) return;
    std::erase_if(names_, [now](const auto& entry) {
      const Name& name = entry.second;
      return now >= name.failed_until && now >= name.fresh_until + stale_for;
    });
    if (names_.size() >= names_max) names_.clear();
  }

  const Clock& clock_;
  const Lookup lookup_;
  std::mutex mutex_;
  std::map<std::string, Name, std::less<>> names_;
  std::map<std::string, Flight, std::less<>> flights_;
};

Resolver::Resolver(const Clock& clock, BlockingPool& pool, Lookup lookup)
    : pool_(pool), memory_(std::make_shared<Memory>(clock, std::move(lookup))) {}

Resolver::~Resolver() = default;

Task<Result<Addresses>> Resolver::resolve(Loop& loop, Timer& timer, std::string host,
                                          std::uint16_t port, TimePoint deadline,
                                          Descriptor* gone) {
  if (auto literal = Address::literal(host, port)) co_return Addresses{*literal};
  Memory::Question question = memory_->ask(loop, host);
  if (question.is_first && !pool_.submit([memory = memory_, host] { memory->look_up(host); })) {
    memory_->give_up(host);
    co_return fail(Errc::overloaded, Side::gateway, "too many names to resolve at once");
  }
  if (!question.known) {
    struct Leave {
      Memory::Asker& asker;
      ~Leave() { asker.left = true; }
    } const leave{*question.asker};
    const WaitFor what{.gone = gone,
                       .signal = &question.asker->done,
                       .deadline = std::min(deadline, question.patience_end)};
    const Wake wake = co_await Wait(loop, timer, what);
    if (wake == Wake::gone) co_return fail(Errc::client_gone, Side::client, "while resolving");
    if (wake == Wake::signalled) {
      question.known = std::move(question.asker->answer);
    } else if (!question.stale.empty()) {
      question.known = std::move(question.stale);
    } else {
      co_return fail(Errc::upstream_timeout, Side::provider,
                     "resolving " + host + " took longer than connect_timeout_ms",
                     Retry::other_account);
    }
  }
  if (!*question.known) co_return std::unexpected(std::move(question.known->error()));
  Addresses addresses = std::move(**question.known);
  for (Address& address : addresses) address.set_port(port);
  co_return addresses;
}

Result<Addresses> Resolver::system_lookup(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  int failed = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (failed == EAI_NONAME || failed == EAI_ADDRFAMILY) {
    // AI_ADDRCONFIG hides loopback-only names ("localhost" on a machine without a network).
    hints.ai_flags = 0;
    failed = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  }
  if (failed != 0) {
    return fail(Errc::upstream_unreachable, Side::provider,
                "the name " + host + " does not resolve: " + ::gai_strerror(failed),
                Retry::other_account);
  }
  Addresses first;
  Addresses second;  // of the other family
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    if (entry->ai_addrlen > sizeof(sockaddr_storage)) continue;
    Address address;
    std::copy_n(reinterpret_cast<const char*>(entry->ai_addr), entry->ai_addrlen,
                reinterpret_cast<char*>(&address.storage));
    address.length = entry->ai_addrlen;
    (first.empty() || first.front().family() == address.family() ? first : second)
        .push_back(address);
  }
  ::freeaddrinfo(found);
  Addresses mixed;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) mixed.push_back(first[i]);
    if (i < second.size()) mixed.push_back(second[i]);
  }
  if (mixed.empty()) {
    return fail(Errc::upstream_unreachable, Side::provider, "the name " + host + " has no address",
                Retry::other_account);
  }
  return mixed;
}

}  // namespace sluice::net
