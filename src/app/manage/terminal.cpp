#include "app/manage/terminal.hpp"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace sluice::app::manage {
namespace {

constexpr std::size_t answer_bytes_max = 4096;

/// Typed characters aren't shown while it lives. Ctrl-C in between must not leave the terminal mute: signals wait.
class Unseen {
 public:
  Unseen() {
    sigset_t stops;
    sigemptyset(&stops);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP}) sigaddset(&stops, signal);
    sigprocmask(SIG_BLOCK, &stops, &signals_);
    known_ = tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!known_) return;
    termios hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    // Then Ctrl-C and Ctrl-Z are characters that end the answer, not signals.
    hidden.c_lflag &= ~static_cast<tcflag_t>(ISIG);
    hidden.c_cc[VEOL] = 3;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;
  ~Unseen() {
    if (known_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    sigprocmask(SIG_SETMASK, &signals_, nullptr);
  }

 private:
  termios before_{};
  sigset_t signals_{};
  bool known_ = false;
};

/// A line without its end; nullopt when there was none, or Ctrl-C.
std::optional<std::string> read_line() {
  std::string out;
  char c = 0;
  while (::read(STDIN_FILENO, &c, 1) == 1) {
    if (c == '\n') return out;
    if (c == 3 || out.size() >= answer_bytes_max) return {};
    out += c;
  }
  if (out.empty()) return {};
  return out;
}

void ask(std::string_view question) {
  std::fwrite(question.data(), 1, question.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

bool can_ask() { return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1; }

TextStyle output_style() {
  TextStyle out;
  if (isatty(STDOUT_FILENO) != 1) return out;
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) out.columns = size.ws_col;
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
  out.colours = !dumb && (no_colour == nullptr || *no_colour == '\0');
  return out;
}

std::optional<Secret> ask_secret(std::string_view question) {
  std::optional<std::string> answer;
  {
    const Unseen unseen;
    ask(question);
    answer = read_line();
  }
  ask("\n");
  if (!answer) return {};
  return Secret(std::move(*answer));
}

bool ask_yes(std::string_view question) {
  ask(question);
  const auto answer = read_line();
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace sluice::app::manage
