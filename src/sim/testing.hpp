#pragma once
/// A client with blocking sockets, for the simulator's own tests: it shows every byte and how the connection ended.

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.hpp"
#include "wire/chunked.hpp"
#include "wire/http_head.hpp"

namespace sluice::sim::testing {

enum class End { open, fin, reset };

class RawClient {
 public:
  explicit RawClient(const net::Address& address)
      : fd_(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd_, address.raw(), address.length) != 0) end_ = End::reset;
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { close(); }

  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  void send(std::string_view request) {
    while (!request.empty()) {
      const ssize_t put = ::send(fd_, request.data(), request.size(), MSG_NOSIGNAL);
      if (put <= 0) return;
      request.remove_prefix(static_cast<std::size_t>(put));
    }
  }
  /// One read; false once the connection has ended, or after `wait_ms` of silence.
  bool read_some(int wait_ms = 10'000) {
    pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, wait_ms) <= 0) return false;
    char buffer[65536];
    const ssize_t got = ::recv(fd_, buffer, sizeof buffer, 0);
    if (got > 0) {
      bytes.append(buffer, static_cast<std::size_t>(got));
      ++reads;
      return true;
    }
    end_ = got == 0 ? End::fin : End::reset;
    return false;
  }
  void read_to_end(int wait_ms = 10'000) {
    while (read_some(wait_ms)) {
    }
  }
  /// Reads until `text` has come.
  bool read_until(std::string_view text, int wait_ms = 10'000) {
    while (bytes.find(text) == std::string::npos) {
      if (!read_some(wait_ms)) return false;
    }
    return true;
  }
  [[nodiscard]] End end() const { return end_; }

  std::string bytes;
  std::size_t reads = 0;

 private:
  int fd_;
  End end_ = End::open;
};

struct Answered {
  int status = 0;
  std::string head;
  std::string body;  // without framing
  bool whole = false;
  [[nodiscard]] std::string field(std::string_view name) const {
    wire::ResponseHead parsed;
    if (!wire::parse_response_head(head, {}, false, parsed)) return {};
    const auto* found = parsed.find(name);
    return found != nullptr ? std::string(found->value) : std::string();
  }
};

/// Takes the HTTP off what came.
inline Answered parse_answer(std::string_view bytes, bool ended) {
  Answered answer;
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return answer;
  answer.head = bytes.substr(0, end + 4);
  wire::ResponseHead head;
  if (!wire::parse_response_head(answer.head, {.bytes_max = 1 << 20, .count_max = 500}, false,
                                 head))
    return answer;
  answer.status = head.status;
  std::string_view rest = bytes.substr(end + 4);
  if (head.framing != wire::Framing::chunked) {
    answer.body = rest;
    answer.whole =
        head.framing == wire::Framing::length ? rest.size() == head.content_length : ended;
    return answer;
  }
  wire::ChunkedDecoder decoder(Side::provider);
  while (!rest.empty()) {
    const auto step = decoder.step(rest);
    if (!step) return answer;
    answer.body += step->data;
    rest.remove_prefix(step->consumed);
    if (step->done) {
      answer.whole = rest.empty();
      break;
    }
  }
  return answer;
}

struct Ask {
  std::string x_sim{};
  std::string body =
      R"({"model":"claude-test","max_tokens":1000,"stream":true,"messages":[{"role":"user","content":"Hi"}]})";
  std::string path = "/v1/messages";
  std::string method = "POST";
  std::string fields = "x-api-key: sk-ant-test-1234\r\nanthropic-version: 2023-06-01\r\n";
  bool keep_alive = false;
};

inline std::string request_bytes(const Ask& ask) {
  std::string out = ask.method + " " + ask.path + " HTTP/1.1\r\nhost: sim\r\n" + ask.fields;
  if (!ask.x_sim.empty()) out += "x-sim: " + ask.x_sim + "\r\n";
  if (!ask.keep_alive) out += "connection: close\r\n";
  if (ask.method == "POST") out += "content-length: " + std::to_string(ask.body.size()) + "\r\n";
  out += "\r\n";
  if (ask.method == "POST") out += ask.body;
  return out;
}

}  // namespace sluice::sim::testing
