#pragma once
/// Posts alerts to webhooks: in order for each of them, again where one fails, and never in anybody's way.
///
/// All of it belongs to one loop, which serves no request (control_loop.hpp); the counts are for any thread.

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "app/alert_throttle.hpp"
#include "app/webhook.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"

namespace sluice::app {

class WebhookSender {
 public:
  using Call = std::function<net::Task<Result<ControlAnswer>>(ControlCall)>;
  static constexpr std::size_t queue_max = 256;  // of each webhook; then the oldest is dropped

  struct Counts {
    std::atomic<std::uint64_t> delivered{0};
    std::atomic<std::uint64_t> failed{0};  // refused, or at its last try
    std::atomic<std::uint64_t> dropped{
        0};  // never tried to an end: the queue was full, or the server stopped
  };

  WebhookSender(net::Loop& loop, Random& random, Call call)
      : loop_(loop), random_(random), call_(std::move(call)) {}
  WebhookSender(const WebhookSender&) = delete;
  WebhookSender& operator=(const WebhookSender&) = delete;

  /// All webhooks. What waits for one that is still there goes to where it is now.
  void use(std::vector<WebhookConfig> webhooks);
  void tell(Alert alert);
  /// Every second or so: begins what is due.
  void tick();
  /// Begins nothing more from now on.
  void finish();
  /// Nothing runs.
  [[nodiscard]] bool idle() const { return tasks_.size() == 0; }
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  struct Line {
    WebhookConfig config;
    std::deque<Alert> queue;  // the first is the one that is tried
    int failures = 0;         // of the first
    TimePoint not_before;
    bool running = false;
  };
  void enqueue(const Alert& alert);
  void drop(Line& line, std::size_t count);
  [[nodiscard]] net::Task<void> run(std::shared_ptr<Line> line);
  void settle(Line& line, const Alert& alert, const WebhookVerdict& verdict);

  net::Loop& loop_;
  Random& random_;
  Call call_;
  AlertThrottle throttle_;
  std::vector<std::shared_ptr<Line>> lines_;
  Counts counts_;
  bool finishing_ = false;
  net::TaskSet tasks_;
};

}  // namespace sluice::app
