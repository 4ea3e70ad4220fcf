#include "child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "sockets.hpp"
#include "text.hpp"

namespace sluice::soak {
namespace {

constexpr Milliseconds start_max{30000};
constexpr Milliseconds reply_max{15000};

}  // namespace

Child::Child(Poller& poller, const std::string& program, const std::string& config,
             std::function<void(std::string_view)> on_line)
    : poller_(poller), on_line_(std::move(on_line)) {
  std::string folder = std::filesystem::temp_directory_path() / "sluice-soak-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp");
  folder_ = folder;
  const std::string file = folder_ + "/sluice.toml";
  std::ofstream(file) << config << "\n[store]\ndata_dir = \"" << folder_ << "/data\"\n";
  std::filesystem::permissions(file, std::filesystem::perms{0600});
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(pipe[1], STDERR_FILENO);
    // So that the resident size tells what is held, and not what the allocator keeps for later.
    ::setenv("MALLOC_ARENA_MAX", "1", 1);
    ::setenv("MALLOC_TRIM_THRESHOLD_", "65536", 1);
    ::setenv("MALLOC_MMAP_THRESHOLD_", "65536", 1);
    ::execl(program.c_str(), program.c_str(), "serve", "--config", file.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(pipe[1]);
  log_fd_ = pipe[0];
  ::fcntl(log_fd_, F_SETFL, O_NONBLOCK);
  poller_.add(log_fd_, EPOLLIN, *this);
  poller_.run([this] { return port_ != 0 || !alive(); }, start_max);
  if (port_ == 0) throw std::runtime_error("sluice didn't start:\n" + last_lines_);
}

Child::~Child() {
  if (!ended_) {
    ::kill(pid_, SIGKILL);
    reap(0);
  }
  poller_.remove(log_fd_);
  ::close(log_fd_);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void Child::reap(int options) {
  int status = 0;
  if (ended_ || ::waitpid(pid_, &status, options) != pid_) return;
  ended_ = true;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool Child::alive() {
  reap(WNOHANG);
  return !ended_;
}

void Child::signal(int number) const { ::kill(pid_, number); }

int Child::wait(Milliseconds patience) {
  if (!poller_.run([this] { return !alive(); }, patience)) return -1000;
  read_log();
  return exit_code_;
}

int Child::stop() {
  signal(SIGTERM);
  return wait(start_max);
}

void Child::on_events(std::uint32_t /*events*/) { read_log(); }

void Child::read_log() {
  static char bytes[262144];
  ssize_t got = 0;
  while ((got = ::read(log_fd_, bytes, sizeof bytes)) > 0) {
    log_.append(bytes, static_cast<std::size_t>(got));
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = log_.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      const std::string_view line = std::string_view(log_).substr(begin, end - begin);
      if (port_ == 0 && line.find("server.listening") != std::string_view::npos) {
        const std::string_view address = logged(line, "address");
        port_ = static_cast<std::uint16_t>(number(address.substr(address.rfind(':') + 1)));
      }
      if (port_ == 0) (last_lines_ += line) += '\n';
      on_line_(line);
    }
    log_.erase(0, begin);
  }
  if (got == 0) poller_.change(log_fd_, 0);
}

std::size_t Child::open_descriptors() const {
  return static_cast<std::size_t>(metric("process_open_fds"));
}

std::size_t Child::resident_bytes() const {
  std::ifstream statm(fmt::format("/proc/{}/statm", pid_));
  std::size_t all = 0;
  std::size_t resident = 0;
  statm >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

Child::Reply Child::ask(std::string_view method, std::string_view path, std::string_view fields,
                        std::string_view body) const {
  Reply reply;
  const int fd = connect_to_loopback({.port = port_});
  if (fd < 0) return reply;
  const std::string request = fmt::format(
      "{} {} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n{}content-length: {}\r\n\r\n{}",
      method, path, fields, body.size(), body);
  std::string answer;
  const Time deadline = Clock::now() + reply_max;
  std::size_t sent = 0;
  while (Clock::now() < deadline) {
    const bool sending = sent < request.size();
    pollfd what{.fd = fd, .events = static_cast<short>(sending ? POLLOUT : POLLIN), .revents = 0};
    if (::poll(&what, 1, 100) <= 0) continue;
    if (sending) {
      const ssize_t put = ::send(fd, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
      if (put < 0) break;
      sent += static_cast<std::size_t>(put);
      continue;
    }
    char bytes[65536];
    const ssize_t got = ::recv(fd, bytes, sizeof bytes, 0);
    if (got <= 0) break;
    answer.append(bytes, static_cast<std::size_t>(got));
  }
  ::close(fd);
  const auto end = answer.find("\r\n\r\n");
  if (end == std::string::npos || answer.size() < 14) return reply;
  reply.status = static_cast<int>(number(std::string_view(answer).substr(9, 3)));
  reply.head = answer.substr(0, end + 2);
  reply.body = answer.substr(end + 4);
  return reply;
}

double Child::metric(std::string_view prefix) const {
  const Reply reply = ask("GET", "/metrics");
  if (reply.status != 200) return -1;
  double sum = 0;
  std::string_view rest = reply.body;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (!line.starts_with(prefix)) continue;
    sum += std::strtod(line.data() + line.rfind(' '), nullptr);
  }
  return sum;
}

}  // namespace sluice::soak
