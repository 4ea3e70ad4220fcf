#include "store/watcher.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "base/log.hpp"
#include "store/changes.hpp"
#include "store/database_inside.hpp"

namespace sluice::store {

namespace {

constexpr Milliseconds retry_delay_min{100};
constexpr Milliseconds retry_delay_max{1000};

Result<std::unique_ptr<Changes>> make_changes(const DatabaseOptions& options, Engine engine) {
  return engine == Engine::sqlite ? make_sqlite_changes(options) : make_postgresql_changes(options);
}

}  // namespace

struct Watcher::Inside {
  Inside(const DatabaseOptions& with, Engine of, std::int64_t known_revision, OnChange told)
      : options(with), engine(of), known(known_revision), on_change(std::move(told)) {
    if (stop < 0) std::abort();
  }

  DatabaseOptions options;
  Engine engine;
  std::int64_t known;
  OnChange on_change;
  int stop = ::eventfd(0, EFD_CLOEXEC);
  std::thread thread;

  void run() {
    std::unique_ptr<Changes> changes;
    Milliseconds delay = retry_delay_min;
    bool lost = false;
    for (;;) {
      auto now = look(changes);
      if (now) {
        if (lost) log::info("store.reached revision={}", *now);
        lost = false;
        delay = retry_delay_min;
        tell(*now);
        continue;
      }
      if (now.error().code == Errc::cancelled) return;
      if (!lost) log::warn("store.lost error={}", log::quoted(now.error().context));
      lost = true;
      if (wait_for(-1, 0, stop, delay) == Waited::stopped) return;
      delay = std::min(delay * 2, retry_delay_max);
    }
  }

  Result<std::int64_t> look(std::unique_ptr<Changes>& changes) const {
    if (!changes) {
      TRY(changes, make_changes(options, engine));
    }
    return changes->next(stop, poll);
  }

  void tell(std::int64_t revision) {
    // Not "greater": a restored backup may begin anew.
    if (revision == known) return;
    known = revision;
    on_change(revision);
  }
};

Watcher::Watcher(Database& database, std::int64_t known_revision, OnChange on_change)
    : inside_(std::make_unique<Inside>(database.inside_->options, database.engine(), known_revision,
                                       std::move(on_change))) {
  inside_->thread = std::thread([inside = inside_.get()] { inside->run(); });
}

Watcher::~Watcher() {
  (void)::eventfd_write(inside_->stop, 1);
  inside_->thread.join();
  ::close(inside_->stop);
}

}  // namespace sluice::store
