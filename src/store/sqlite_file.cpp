#include "store/sqlite_file.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/log.hpp"

namespace sluice::store {

namespace {

std::unexpected<Error> refused(const std::string& path, int error) {
  return fail(Errc::io, Side::gateway,
              fmt::format("can't make {}: {}", path, std::strerror(error)));
}

}  // namespace

Result<std::string> sqlite_path(const DatabaseOptions& options) {
  static constexpr std::string_view scheme = "sqlite://";
  std::string path(options.url.reveal().substr(scheme.size()));
  if (path.empty()) {
    if (options.data_dir.empty()) {
      return fail(Errc::invalid_config, Side::gateway,
                  "sqlite:// needs a data folder, or a path behind it");
    }
    path = options.data_dir + "/sluice.db";
  }
  if (path == ":memory:" || path.ends_with('/')) {
    return fail(Errc::invalid_config, Side::gateway, "sqlite:// wants the path of a file: " + path);
  }
  // SOCI reads quotes in what it connects to.
  if (path.find_first_of(std::string_view("\"\n\0", 3)) != std::string::npos) {
    return fail(Errc::invalid_config, Side::gateway,
                "the path of the store has a quote or a line end in it");
  }
  return path.front() == '/' ? path : "./" + path;
}

Status make_sqlite_file(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string folder = path.substr(0, slash);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return refused(folder, errno);
  }
  // Not open(): closing a descriptor of a database drops every lock that this process has on it.
  if (::mknod(path.c_str(), S_IFREG | 0600, 0) == 0) return {};
  if (errno != EEXIST) return refused(path, errno);
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return refused(path, errno);
  if ((found.st_mode & 077) != 0) {
    log::warn("store.exposed path={} mode={:o} advice=\"chmod 600\"", log::quoted(path),
              found.st_mode & 07777);
  }
  return {};
}

}  // namespace sluice::store
