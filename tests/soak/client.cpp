#include "client.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "response_reader.hpp"
#include "sockets.hpp"

namespace sluice::soak {
namespace {

std::string request_of(const Call& call) {
  std::string wire = fmt::format(
      "POST {} HTTP/1.1\r\nhost: soak\r\nx-api-key: {}\r\nanthropic-version: 2023-06-01\r\n"
      "content-type: application/json\r\nx-request-id: soak-{}\r\nx-soak-id: {}\r\n"
      "content-length: {}\r\n{}\r\n",
      call.path, call.key, call.id, call.id, call.body.size(),
      call.answer.encoded ? "accept-encoding: gzip\r\n" : "");
  wire += call.body;
  return wire;
}

}  // namespace

class Client::Connection final : public Handler {
 public:
  Connection(Client& client, std::size_t number)
      : client_(client),
        number_(number),
        step_(client.poller_),
        pace_(client.poller_),
        leave_(client.poller_),
        patience_(client.poller_) {}
  ~Connection() override { hang_up(false); }

  void start(Milliseconds delay) {
    step_.start(delay, [this] { next(); });
  }

  void on_events(std::uint32_t events) override {
    if (!call_) return hang_up(false);  // sluice has closed a connection that it kept
    if ((events & EPOLLOUT) != 0 && !request_.empty()) {
      send_some();
      if (fd_ < 0 || !call_) return;
    }
    if (!call_->reads && (events & (EPOLLHUP | EPOLLERR)) != 0) return finish();
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_some();
  }

  void hang_up(bool reset) {
    if (fd_ < 0) return;
    client_.poller_.remove(fd_);
    if (reset) {
      close_with_reset(fd_);
    } else {
      ::close(fd_);
    }
    fd_ = -1;
  }

 private:
  void next() {
    CallPtr call = client_.source_();
    if (!call) {
      hang_up(false);
      --client_.busy_;
      return;
    }
    call_ = std::move(call);
    client_.board_[call_->id] = call_;
    reader_.emplace(*call_);
    request_ = request_of(*call_);
    sent_ = 0;
    cut_ = Dice(call_->cut_seed + 1);
    if (fd_ < 0) {
      const Connecting to{.port = client_.plan_.port,
                          .source = static_cast<std::uint8_t>(1 + number_ % client_.plan_.sources),
                          .receive_bytes = number_ % 8 == 7 ? 4096U : 0U};
      fd_ = connect_to_loopback(to);
      if (fd_ < 0) {
        call_->broken = "no connection to sluice";
        return finish();
      }
      client_.poller_.add(fd_, wanted_ = EPOLLOUT, *this);
    }
    if (call_->leave == Call::Leave::on_cue) {
      call_->cue = [this, call = call_.get()] {
        if (call_.get() == call) leave_.start(call->leave_delay, [this] { leave(); });
      };
    }
    patience_.start(client_.plan_.patience, [this] {
      call_->timed_out = true;
      finish();
    });
    if (call_->read_delay.count() > 0) {
      pace_.start(call_->read_delay, [this] { want(wanted_ | EPOLLIN); });
    }
    want(EPOLLOUT | readiness());
  }

  [[nodiscard]] std::uint32_t readiness() const {
    return call_->reads && !pace_.running() ? static_cast<std::uint32_t>(EPOLLIN) : 0U;
  }
  void want(std::uint32_t events) {
    if (events != wanted_) client_.poller_.change(fd_, wanted_ = events);
  }

  void send_some() {
    const bool leaves = call_->leave == Call::Leave::within_request;
    const std::size_t end = leaves ? std::min(call_->leave_at, request_.size()) : request_.size();
    const bool cuts = call_->send_bytes_max < request_.size();
    const std::size_t most = std::max(call_->send_bytes_max, request_.size() / 500);
    while (sent_ < end) {
      std::size_t take = end - sent_;
      if (cuts) take = std::min<std::size_t>(take, cut_.between(1, most));
      const ssize_t put = ::send(fd_, request_.data() + sent_, take, MSG_NOSIGNAL);
      // Who was refused early may still read the refusal.
      if (put < 0 && errno != EAGAIN) break;
      if (put < 0) return want(EPOLLOUT | readiness());
      sent_ += static_cast<std::size_t>(put);
      if (cuts && sent_ < end) return;  // level-triggered: the next turn goes on
    }
    request_ = std::string();
    want(readiness());
    if (leaves || call_->leave == Call::Leave::after_request) {
      leave_.start(call_->leave_delay, [this] { leave(); });
    }
  }

  void read_some() {
    static char bytes[65536];
    const std::size_t most = std::min(sizeof bytes, call_->read_bytes_max);
    const ssize_t got = ::recv(fd_, bytes, most, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
      reader_->end(got < 0);
      return finish();
    }
    reader_->feed({bytes, static_cast<std::size_t>(got)});
    if (call_->leave == Call::Leave::at_body_bytes && call_->status != 0 &&
        call_->body_bytes >= call_->leave_at) {
      return leave();
    }
    if (reader_->broken() || (reader_->whole() && call_->leave != Call::Leave::on_cue)) {
      return finish();
    }
    if (call_->read_pause.count() > 0) {
      pace_.start(call_->read_pause, [this] { want(wanted_ | EPOLLIN); });
      want(wanted_ & ~static_cast<std::uint32_t>(EPOLLIN));
    }
  }

  void leave() {
    call_->left = true;
    finish();
  }

  void finish() {
    leave_.stop();
    pace_.stop();
    patience_.stop();
    const bool keep = reader_->keeps_connection() && request_.empty() && !call_->left &&
                      !call_->timed_out && !reader_->broken() && call_->reuses_connection;
    if (!keep) hang_up(call_->leaves_by_reset);
    const CallPtr call = std::move(call_);
    call->cue = nullptr;
    reader_.reset();
    request_.clear();
    client_.board_.erase(call->id);
    client_.done_(*call);
    step_.start(Milliseconds{0}, [this] { next(); });
  }

  Client& client_;
  std::size_t number_;
  int fd_ = -1;
  std::uint32_t wanted_ = 0;
  Timer step_;
  Timer pace_;
  Timer leave_;
  Timer patience_;
  CallPtr call_;
  std::optional<ResponseReader> reader_;
  std::string request_;
  std::size_t sent_ = 0;
  Dice cut_{1};
};

Client::Client(Poller& poller, Board& board, const Plan& plan, Source source, Done done)
    : poller_(poller),
      board_(board),
      plan_(plan),
      source_(std::move(source)),
      done_(std::move(done)),
      busy_(plan.connections) {
  for (std::size_t i = 0; i < plan.connections; ++i) {
    connections_.push_back(std::make_unique<Connection>(*this, i));
    connections_.back()->start(plan.ramp * i / plan.connections);
  }
}

Client::~Client() = default;

void Client::close_all() {
  for (const auto& connection : connections_) connection->hang_up(false);
}

}  // namespace sluice::soak
