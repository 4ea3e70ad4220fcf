#include "loader.hpp"

namespace sluice::bench {

using Outcome = Channel::Outcome;

std::size_t Loader::open() {
  std::size_t index = connections_.size();
  if (closed_.empty()) {
    connections_.emplace_back();
  } else {
    index = closed_.back();
    closed_.pop_back();
  }
  const int fd = connect_from_loopback(target_.host, target_.port, opened_++);
  connections_[index] = {
      .channel = std::make_unique<Channel>(fd, target_.tls, Channel::Role::client),
      .reader = std::nullopt,
      .intended = {}};
  poller_.add(fd, index);
  return index;
}

void Loader::open_idle(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) idle_.push_back(open());
}

void Loader::start(Time intended) {
  std::size_t index = 0;
  if (idle_.empty()) {
    index = open();
  } else {
    index = idle_.back();
    idle_.pop_back();
  }
  Connection& connection = connections_[index];
  connection.reader.emplace();
  connection.unsent = target_.request.size();
  connection.intended = intended;
  connection.silent = true;
  connection.seen_bytes = false;
  ++tally_.started;
  ++running_;
  ++silent_;
  send(index);
}

void Loader::turn(std::optional<Time> until) {
  for (const epoll_event& event : poller_.wait(until)) {
    if (event.data.u64 == told_tag) {
      told_ = true;
      continue;
    }
    const auto index = static_cast<std::size_t>(event.data.u64);
    if (connections_[index].channel && connections_[index].unsent > 0) send(index);
    if (connections_[index].channel) receive(index, is_closing(event));
  }
}

void Loader::send(std::size_t index) {
  Connection& connection = connections_[index];
  while (connection.unsent > 0) {
    const auto rest =
        std::string_view(target_.request).substr(target_.request.size() - connection.unsent);
    const auto [outcome, sent] = connection.channel->write(rest);
    if (outcome == Outcome::ended) return lose(index);
    if (outcome == Outcome::again) return;
    connection.unsent -= sent;
  }
}

void Loader::receive(std::size_t index, bool to_the_end) {
  Connection& connection = connections_[index];
  for (;;) {
    const auto [outcome, bytes] = connection.channel->read(scratch_);
    if (outcome == Outcome::ended) return lose(index);
    if (outcome == Outcome::again) return;
    ++tally_.reads;
    on_bytes(connection, {scratch_.data(), bytes});
    using State = ResponseReader::State;
    const auto state = connection.reader ? connection.reader->feed({}) : State::broken;
    if (state == State::whole || state == State::broken)
      return finish(index, state == State::whole);
    if (bytes < scratch_.size() && !connection.channel->is_tls() && !to_the_end) return;
  }
}

void Loader::on_bytes(Connection& connection, std::string_view bytes) {
  if (!connection.reader) return;
  if (!connection.seen_bytes) {
    connection.seen_bytes = true;
    tally_.first_bytes.add(now() - connection.intended);
  }
  const std::size_t events = connection.reader->events().events();
  const std::size_t deltas = connection.reader->events().deltas();
  connection.reader->feed(bytes);
  tally_.events += connection.reader->events().events() - events;
  tally_.deltas += connection.reader->events().deltas() - deltas;
  if (connection.silent &&
      (!target_.stream || connection.reader->events().deltas() >= target_.begins_with)) {
    connection.silent = false;
    --silent_;
  }
}

/// The answer is over. The connection is kept where it may be.
void Loader::finish(std::size_t index, bool whole) {
  Connection& connection = connections_[index];
  if (!connection.reader) return lose(index);
  const ResponseReader& answer = *connection.reader;
  const bool complete =
      !target_.stream || (answer.events().finished() && !answer.events().failed());
  const bool keep = whole && answer.keeps_alive();
  --running_;
  if (connection.silent) --silent_;
  if (whole && answer.status() == 200 && complete) {
    ++tally_.ok;
    tally_.latency.add(now() - connection.intended);
  } else {
    tally_.fail("status " + std::to_string(answer.status()) +
                (whole ? "" : ", not a whole HTTP answer") + (complete ? "" : ", no message_stop") +
                ": " + answer.excerpt());
  }
  connection.reader.reset();
  if (keep) return idle_.push_back(index);
  connection.channel.reset();
  closed_.push_back(index);
}

/// The peer has closed, or the connection broke.
void Loader::lose(std::size_t index) {
  Connection& connection = connections_[index];
  if (connection.reader) {
    tally_.fail(connection.seen_bytes ? "closed in the middle of an answer" : "closed unanswered");
    --running_;
    if (connection.silent) --silent_;
  } else {
    std::erase(idle_, index);
  }
  connection.reader.reset();
  connection.channel.reset();
  closed_.push_back(index);
}

}  // namespace sluice::bench
