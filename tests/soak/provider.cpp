#include "provider.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "sockets.hpp"
#include "text.hpp"

namespace sluice::soak {

class Provider::Connection final : public Handler {
 public:
  Connection(Provider& provider, int fd)
      : provider_(provider), fd_(fd), timer_(provider.poller_), cut_(1) {
    set_no_delay(fd);
    provider_.poller_.add(fd_, EPOLLIN, *this);
  }
  ~Connection() override { hang_up(false); }

  [[nodiscard]] bool idle() const { return state_ == State::reading && input_.empty(); }

  void on_events(std::uint32_t events) override {
    if ((events & EPOLLOUT) != 0 && state_ == State::answering) {
      want(EPOLLIN);
      return write_some();
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_some();
  }

 private:
  enum class State : std::uint8_t { reading, answering, stalled };

  void want(std::uint32_t events) {
    if (events != wanted_) provider_.poller_.change(fd_, wanted_ = events);
  }

  void hang_up(bool reset) {
    if (fd_ < 0) return;
    timer_.stop();
    provider_.poller_.remove(fd_);
    if (reset) {
      close_with_reset(fd_);
    } else {
      ::close(fd_);
    }
    fd_ = -1;
  }
  void end(bool reset) {
    hang_up(reset);
    provider_.drop(*this);
  }

  void read_some() {
    char bytes[65536];
    const ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return end(false);
    if (state_ == State::stalled) return;
    input_.append(bytes, static_cast<std::size_t>(got));
    if (state_ == State::reading) take_request();
  }

  void take_request() {
    const auto head_end = input_.find("\r\n\r\n");
    if (head_end == std::string::npos) return;
    const std::string_view head = std::string_view(input_).substr(0, head_end + 2);
    const std::size_t body_at = head_end + 4;
    if (!call_) {
      const auto found = provider_.board_.find(number(field(head, "x-soak-id")));
      if (found == provider_.board_.end()) {
        state_ = State::stalled;  // its client has left already, and so will who asks here
        return;
      }
      call_ = found->second;
      ++call_->provider_calls;
      if (call_->refuses_reused && served_ > 0) return end(call_->then == Call::Then::reset);
    }
    const std::size_t length = number(field(head, "content-length"));
    if (!call_->answers_early && input_.size() < body_at + length) return;
    if (!call_->answers_early) {
      const std::string_view body = std::string_view(input_).substr(body_at, length);
      if (body != call_->body) call_->request_differs = true;
      input_.erase(0, body_at + length);
    } else {
      want(0);  // it never reads the rest
    }
    state_ = State::answering;
    sent_ = 0;
    cut_ = Dice(call_->cut_seed);
    write_some();
  }

  void write_some() {
    const std::string& wire = call_->answer.wire;
    const std::size_t stop = std::min(call_->stop_at, wire.size());
    if (sent_ < stop) {
      // Single bytes for all of a long answer would take all day.
      const bool tiny = call_->write_bytes_max < 16 && sent_ > 3000;
      const std::size_t most = std::max(tiny ? 65536 : call_->write_bytes_max, wire.size() / 2000);
      const std::size_t take = std::min<std::size_t>(stop - sent_, cut_.between(1, most));
      const ssize_t put = ::send(fd_, wire.data() + sent_, take, MSG_NOSIGNAL);
      if (put < 0 && errno == EAGAIN) return want(EPOLLIN | EPOLLOUT);
      if (put < 0) return end(false);
      sent_ += static_cast<std::size_t>(put);
      provider_.bytes_sent_ += static_cast<std::uint64_t>(put);
    }
    if (sent_ < stop) return timer_.start(call_->pause, [this] { write_some(); });
    came_to_stop();
  }

  void came_to_stop() {
    // The client may be told, and so the call be over, while we are still here.
    const CallPtr call = call_;
    if (call->cue) call->cue();
    switch (call->then) {
      case Call::Then::reset:
        if (!call->refuses_reused) return end(true);
        break;
      case Call::Then::finish: return end(false);
      case Call::Then::stall: state_ = State::stalled; return;
      case Call::Then::keep: break;
    }
    if (call->answer.framing == Framing::until_close || call->answers_early) return end(false);
    ++served_;
    call_.reset();
    state_ = State::reading;
    if (!input_.empty()) take_request();
  }

  Provider& provider_;
  int fd_;
  Timer timer_;
  Dice cut_;
  State state_ = State::reading;
  std::uint32_t wanted_ = EPOLLIN;
  std::string input_;
  CallPtr call_;
  std::size_t sent_ = 0;
  int served_ = 0;
};

Provider::Provider(Poller& poller, const Board& board) : poller_(poller), board_(board) {
  listener_ = listen_on_loopback(port_, 4096);
  poller_.add(listener_, EPOLLIN, *this);
}

Provider::~Provider() {
  poller_.remove(listener_);
  ::close(listener_);
}

void Provider::on_events(std::uint32_t /*events*/) {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    auto connection = std::make_unique<Connection>(*this, fd);
    Connection* const raw = connection.get();
    connections_.emplace(raw, std::move(connection));
  }
}

void Provider::drop(Connection& connection) {
  const auto found = connections_.find(&connection);
  if (found == connections_.end()) return;
  poller_.bury(std::move(found->second));
  connections_.erase(found);
}

void Provider::close_idle() {
  std::erase_if(connections_, [](const auto& entry) { return entry.second->idle(); });
}

}  // namespace sluice::soak
