#include "net/fair_line.hpp"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <iterator>
#include <list>
#include <mutex>
#include <thread>
#include <unordered_set>

#include "net/fair_turns.hpp"

namespace sluice::net {
namespace {

/// What one more interval between grants weighs in their mean.
constexpr int interval_share = 8;

/// What a go may cost, in waiters passed over.
constexpr int asking_cost = 16;
constexpr int budget_max = FairLine::asked_max * asking_cost;

const SystemClock system_clock;

}  // namespace

/// One place, as the line sees it. Its owner holds it, and so does the news of a grant that is on its way.
struct FairWaiter : std::enable_shared_from_this<FairWaiter> {
  std::shared_ptr<FairLine::Inside> inside;
  Loop* loop = nullptr;

  // Under the line's lock, while it is in line.
  FairLine::Take take;
  FairLine::Need need = 0;
  FairTurns::Party* party = nullptr;  // null: not in line, or not any more
  FairTurns::Waiters::iterator in_party;
  std::list<FairWaiter*>::iterator in_rotation;
  std::uint64_t asked = 0;  // at which notice
  bool joining = true;
  bool taken = false;

  // On the thread of its loop.
  Signal signal;
  bool joined = false;
  bool granted = false;
  bool left = false;

  void grant() {
    if (left) return;
    granted = true;
    signal.fire();
  }
};

struct FairLine::Inside : std::enable_shared_from_this<Inside> {
  explicit Inside(const Clock& the_clock) : clock(the_clock) {}

  /// Whether it was granted at once.
  bool join(FairWaiter& waiter, Party party);
  void leave(FairWaiter& waiter);
  void notify();
  void go_on(std::uint64_t since);
  std::optional<Milliseconds> expected_wait(Party party, TimePoint now);

  // What follows is under the lock.
  void answer_notice();
  void ask_in_turn(int budget_kept, Need until_refused = 0);
  void ask_the_rest();
  void go_on_later();
  bool ask(FairWaiter& waiter);
  bool taken_by(FairWaiter& waiter);
  [[nodiscard]] bool is_refused(Need need) const { return need != 0 && refused.contains(need); }
  void leave_rotation(FairWaiter& waiter);
  [[nodiscard]] std::chrono::nanoseconds interval_at(TimePoint now) const;
  [[nodiscard]] bool all_asked() const {
    return rotation.empty() || rotation.front()->asked == notice;
  }

  const Clock& clock;
  std::atomic<std::size_t> count{0};
  std::atomic<bool> due{false};         // there is a notice that nobody has been asked about
  std::atomic<std::thread::id> asking;  // the thread that is inside a `take`

  std::mutex mutex;
  FairTurns turns;
  std::list<FairWaiter*> rotation;  // all of them; who was asked longest ago comes first
  std::uint64_t notice = 1;
  std::uint64_t pass = 0;
  int budget = 0;                    // of this go
  std::unordered_set<Need> refused;  // since the notice
  bool told_while_asking = false;
  TimePoint moved_at;  // the last grant, or when the line began to form
  std::optional<std::chrono::nanoseconds> interval;  // between grants: a moving mean
};

// --- joining and leaving ------------------------------------------------------------------------------------------

bool FairLine::Inside::join(FairWaiter& waiter, Party party) {
  const std::lock_guard lock(mutex);
  if (rotation.size() >= places_max) return false;
  if (rotation.empty()) moved_at = clock.now();
  waiter.joined = true;
  waiter.party = &turns.enter(party.id, party.weight, &waiter);
  waiter.in_party = std::prev(waiter.party->waiters.end());
  waiter.in_rotation = rotation.insert(rotation.begin(), &waiter);
  // Before anybody is asked: what is given back from here on is announced.
  count.store(rotation.size());

  // Something may be free that is announced only in a moment: it is for those in front.
  refused.clear();
  budget = budget_max / 2;
  ask_in_turn(0, waiter.need);
  if (!due.load() && waiter.asked == 0) ask(waiter);
  if (due.load()) answer_notice();
  waiter.joining = false;
  return waiter.taken;
}

void FairLine::Inside::leave(FairWaiter& waiter) {
  assert(asking.load() != std::this_thread::get_id());
  const std::lock_guard lock(mutex);
  if (waiter.party == nullptr) return;
  turns.leave(*waiter.party, waiter.in_party);
  leave_rotation(waiter);
}

void FairLine::Inside::leave_rotation(FairWaiter& waiter) {
  waiter.party = nullptr;
  rotation.erase(waiter.in_rotation);
  count.store(rotation.size());
}

// --- asking -------------------------------------------------------------------------------------------------------

void FairLine::Inside::notify() {
  if (count.load() == 0) return;
  if (asking.load(std::memory_order_relaxed) == std::this_thread::get_id()) {
    told_while_asking = true;
    return;
  }
  due.store(true);
  const std::lock_guard lock(mutex);
  // Whoever had the lock meanwhile may have seen to this notice too.
  if (due.load()) answer_notice();
}

void FairLine::Inside::answer_notice() {
  budget = budget_max;
  do {
    due.store(false);
    ++notice;
    refused.clear();
    ask_in_turn(budget / 2);
    ask_the_rest();
  } while (due.load() && budget > 0);
  if (due.load() || !all_asked()) go_on_later();
}

/// In fair order. A newer notice ends it: what became free is offered from the front again.
void FairLine::Inside::ask_in_turn(int budget_kept, Need until_refused) {
  ++pass;
  FairTurns::Turn turn;
  while (FairTurns::Party* const party = turns.after(turn)) {
    turn = party->turn;
    if (party->asked_in != pass) {
      party->asked_in = pass;
      party->next = party->waiters.begin();
    }
    while (party->next != party->waiters.end()) {
      if (budget <= budget_kept || is_refused(until_refused)) return;
      const bool granted = ask(**party->next++);
      if (due.load()) return;
      if (granted) break;  // it is another's turn first, and the party may be gone
    }
  }
}

/// Those who wait in vain at the front can't keep the others from being asked at all.
void FairLine::Inside::ask_the_rest() {
  while (budget > 0 && !due.load() && !all_asked()) ask(*rotation.front());
}

void FairLine::Inside::go_on_later() {
  if (rotation.empty()) return;
  rotation.front()->loop->post(
      [inside = shared_from_this(), since = notice] { inside->go_on(since); });
}

void FairLine::Inside::go_on(std::uint64_t since) {
  const std::lock_guard lock(mutex);
  if (!due.load()) {
    if (since != notice) return;  // whoever answered the newer one sees to all
    budget = budget_max;
    ask_the_rest();
  }
  if (due.load()) {
    answer_notice();
  } else if (!all_asked()) {
    go_on_later();
  }
}

bool FairLine::Inside::ask(FairWaiter& waiter) {
  waiter.asked = notice;
  rotation.splice(rotation.end(), rotation, waiter.in_rotation);
  if (is_refused(waiter.need)) {
    --budget;
    return false;
  }
  budget -= asking_cost;
  if (!taken_by(waiter)) {
    if (waiter.need != 0) refused.insert(waiter.need);
    return false;
  }
  // It changed one thing for another, and somebody may be waiting for the one.
  if (told_while_asking) due.store(true);
  turns.serve(*waiter.party, waiter.in_party);
  leave_rotation(waiter);
  waiter.taken = true;
  if (waiter.joining) return true;
  const TimePoint now = clock.now();
  interval = interval_at(now);
  moved_at = now;
  waiter.loop->post([who = waiter.shared_from_this()] { who->grant(); });
  return true;
}

bool FairLine::Inside::taken_by(FairWaiter& waiter) {
  struct Asking {
    std::atomic<std::thread::id>& thread;
    ~Asking() { thread.store({}, std::memory_order_relaxed); }
  };
  told_while_asking = false;
  asking.store(std::this_thread::get_id(), std::memory_order_relaxed);
  const Asking until_the_end{asking};
  return waiter.take();
}

// --- how long it takes --------------------------------------------------------------------------------------------

/// The mean, were the line to move now.
std::chrono::nanoseconds FairLine::Inside::interval_at(TimePoint now) const {
  const std::chrono::nanoseconds last = now - moved_at;
  return interval ? *interval + (last - *interval) / interval_share : last;
}

std::optional<Milliseconds> FairLine::Inside::expected_wait(Party party, TimePoint now) {
  const std::lock_guard lock(mutex);
  if (!interval) return std::nullopt;
  // A line that stands still for longer than usual has become slower, though no grant has told so yet.
  const auto each = rotation.empty() ? *interval : std::max(*interval, interval_at(now));
  const auto served = static_cast<std::int64_t>(turns.ahead_of(party.id, party.weight)) + 1;
  return std::chrono::ceil<Milliseconds>(each * served);
}

// --- FairLine -----------------------------------------------------------------------------------------------------

FairLine::FairLine() : FairLine(system_clock) {}
FairLine::FairLine(const Clock& clock) : inside_(std::make_shared<Inside>(clock)) {}
FairLine::~FairLine() { assert(!has_waiters()); }

void FairLine::notify() { inside_->notify(); }
bool FairLine::has_waiters() const { return inside_->count.load(std::memory_order_relaxed) != 0; }
std::optional<Milliseconds> FairLine::expected_wait(Party party, TimePoint now) const {
  return inside_->expected_wait(party, now);
}

FairLine::Place::Place(FairLine& line, Loop& loop, Party party, Take take, Need need)
    : waiter_(std::make_shared<FairWaiter>()) {
  waiter_->inside = line.inside_;
  waiter_->loop = &loop;
  waiter_->take = std::move(take);
  waiter_->need = need;
  if (line.inside_->join(*waiter_, party)) waiter_->grant();
}

FairLine::Place::~Place() {
  waiter_->left = true;
  if (waiter_->joined) waiter_->inside->leave(*waiter_);
  // News of a grant may keep the rest a little longer; what `take` holds belongs to this thread.
  waiter_->take = nullptr;
}

bool FairLine::Place::joined() const { return waiter_->joined; }
bool FairLine::Place::granted() const { return waiter_->granted; }
Signal& FairLine::Place::signal() { return waiter_->signal; }

}  // namespace sluice::net
