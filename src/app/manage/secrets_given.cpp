#include "app/manage/secrets_given.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "app/manage/terminal.hpp"

namespace sluice::app::manage {
namespace {

constexpr std::size_t secret_bytes_max = 65536;

std::expected<std::string, std::string> read_all(int fd, std::string_view name) {
  std::string out;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      return std::unexpected(fmt::format("{} can't be read: {}", name, std::strerror(errno)));
    if (count == 0) return out;
    out.append(buffer.data(), static_cast<std::size_t>(count));
    if (out.size() > secret_bytes_max)
      return std::unexpected(fmt::format("{} has more than {} bytes", name, secret_bytes_max));
  }
}

void cut_line_end(std::string& text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
}

}  // namespace

std::expected<Secret, std::string> read_source(std::string_view source,
                                               const Environment& environment,
                                               std::string_view what) {
  if (source != "-") {
    auto resolved = resolve_secret(source, environment);
    if (!resolved) return std::unexpected(resolved.error().context);
    return std::move(resolved->secret);
  }
  Secret typed;
  if (can_ask()) {
    auto answer = ask_secret(fmt::format("{} (not shown): ", what));
    if (!answer) return std::unexpected(std::string("nothing was typed"));
    typed = std::move(*answer);
  } else {
    auto text = read_all(STDIN_FILENO, "the standard input");
    if (!text) return std::unexpected(text.error());
    cut_line_end(*text);
    typed = Secret(std::move(*text));
  }
  if (typed.empty()) return std::unexpected(std::string("the standard input is empty"));
  // The same rules as for the other sources; a text that looks like one of them is taken as it is.
  for (const char c : typed.reveal()) {
    if (c <= 0x20 || c >= 0x7f)
      return std::unexpected(
          std::string("the secret holds blanks, line breaks or characters outside ASCII"));
  }
  return typed;
}

std::expected<Secret, std::string> read_password(std::string_view file) {
  const bool standard_input = file == "-";
  const std::string name = standard_input ? "the standard input" : std::string(file);
  const int fd = standard_input ? STDIN_FILENO : ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return std::unexpected(fmt::format("{} can't be read: {}", name, std::strerror(errno)));
  auto text = read_all(fd, name);
  if (!standard_input) ::close(fd);
  if (!text) return std::unexpected(text.error());
  text->resize(std::min(text->find('\n'), text->size()));
  cut_line_end(*text);
  if (text->empty()) return std::unexpected(fmt::format("{} is empty", name));
  return Secret(std::move(*text));
}

}  // namespace sluice::app::manage
