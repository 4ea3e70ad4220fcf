#include "app/webhook_sender.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace sluice::app {

void WebhookSender::use(std::vector<WebhookConfig> webhooks) {
  std::vector<std::shared_ptr<Line>> lines;
  for (WebhookConfig& webhook : webhooks) {
    const auto found = std::ranges::find_if(
        lines_, [&](const auto& line) { return line->config.name == webhook.name; });
    auto line = found == lines_.end() ? std::make_shared<Line>() : *found;
    line->config = std::move(webhook);
    lines.push_back(std::move(line));
  }
  for (const auto& line : lines_) {
    if (std::ranges::find(lines, line) == lines.end()) drop(*line, line->queue.size());
  }
  lines_ = std::move(lines);
}

void WebhookSender::tell(Alert alert) {
  if (lines_.empty()) return;
  if (const auto told = throttle_.admit(std::move(alert), loop_.now())) enqueue(*told);
}

void WebhookSender::enqueue(const Alert& alert) {
  for (const auto& line : lines_) {
    const auto& events = line->config.events;
    if (std::ranges::find(events, alert.event) == events.end()) continue;
    if (line->queue.size() >= queue_max) drop(*line, 1);
    line->queue.push_back(alert);
  }
}

void WebhookSender::drop(Line& line, std::size_t count) {
  if (count == 0) return;
  line.queue.erase(line.queue.begin(), line.queue.begin() + static_cast<std::ptrdiff_t>(count));
  line.failures = 0;
  counts_.dropped += count;
  log::warn("webhook.dropped webhook={} alerts={} left={}", log::quoted(line.config.name), count,
            line.queue.size());
}

void WebhookSender::tick() {
  if (finishing_) return;
  for (const Alert& alert : throttle_.due(loop_.now())) enqueue(alert);
  for (const auto& line : lines_) {
    if (line->running || line->queue.empty() || loop_.now() < line->not_before) continue;
    line->running = true;
    tasks_.start(run(line));
  }
}

void WebhookSender::finish() {
  if (finishing_) return;
  tick();  // what has just happened shall still be told
  finishing_ = true;
  for (const auto& line : lines_) {
    if (!line->running) drop(*line, line->queue.size());
  }
}

net::Task<void> WebhookSender::run(std::shared_ptr<Line> line) {
  while (!line->queue.empty() && loop_.now() >= line->not_before) {
    const Alert alert = line->queue.front();
    const WebhookFormat format = line->config.format;
    auto call = webhook_call(line->config, alert, loop_.wall_now());
    WebhookVerdict verdict;
    if (!call) {
      verdict = {
          .kind = WebhookVerdict::Kind::refused, .reason = call.error().context, .retry_after = {}};
    } else {
      const auto answer = co_await call_(*std::move(call));
      if (answer) {
        verdict = judge_answer(format, *answer, loop_.wall_now());
      } else {
        verdict = {.kind = WebhookVerdict::Kind::try_again,
                   .reason = answer.error().context,
                   .retry_after = {}};
      }
    }
    // It may have been dropped meanwhile.
    if (!line->queue.empty() && line->queue.front().id == alert.id) {
      settle(*line, alert, verdict);
    }
  }
  line->running = false;
  if (finishing_) drop(*line, line->queue.size());
}

void WebhookSender::settle(Line& line, const Alert& alert, const WebhookVerdict& verdict) {
  using Kind = WebhookVerdict::Kind;
  const std::string webhook = log::quoted(line.config.name);
  const std::string account = log::quoted(alert.account);
  if (verdict.kind == Kind::delivered) {
    ++counts_.delivered;
    log::info("webhook.delivered webhook={} event={} account={} failures={}", webhook,
              to_string(alert.event), account, line.failures);
  } else if (verdict.kind == Kind::try_again && ++line.failures < webhook_tries_max) {
    const Milliseconds delay = webhook_delay(line.failures, verdict.retry_after, random_);
    line.not_before = loop_.now() + delay;
    log::warn(
        "webhook.postponed webhook={} event={} account={} failures={} again_in_ms={} reason={}",
        webhook, to_string(alert.event), account, line.failures, delay.count(),
        log::quoted(verdict.reason));
    return;
  } else {
    ++counts_.failed;
    log::error("webhook.failed webhook={} event={} account={} reason={}", webhook,
               to_string(alert.event), account, log::quoted(verdict.reason));
  }
  line.queue.pop_front();
  line.failures = 0;
}

}  // namespace sluice::app
