#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "store/backup_file.hpp"
#include "store/statement.hpp"

namespace sluice::store {

namespace {

constexpr std::size_t buffer_bytes = 256 * 1024;

std::unexpected<Error> failed(std::string_view what, const std::string& path) {
  const Errc code = errno == EEXIST ? Errc::already_exists : Errc::io;
  return fail(code, Side::gateway,
              fmt::format("can't {} {}: {}", what, path, std::strerror(errno)));
}

/// The name stays on the disk too.
void sync_folder(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const int file =
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return;
  ::fsync(file);
  ::close(file);
}

}  // namespace

Result<std::unique_ptr<BackupWriter>> BackupWriter::create(const std::string& path) {
  if (::access(path.c_str(), F_OK) == 0) {
    errno = EEXIST;
    return failed("write", path);
  }
  std::string beside = path + ".XXXXXX";
  const int file = ::mkostemp(beside.data(), O_CLOEXEC);  // 0600
  if (file < 0) return failed("write", path);
  return std::unique_ptr<BackupWriter>(new BackupWriter(path, std::move(beside), file));
}

BackupWriter::BackupWriter(std::string path, std::string beside, int file)
    : path_(std::move(path)), beside_(std::move(beside)), file_(file) {}

BackupWriter::~BackupWriter() {
  ::close(file_);
  if (!beside_.empty()) ::unlink(beside_.c_str());
}

Status BackupWriter::head(int schema, WallTime now) {
  figures_.schema = schema;
  return line({{"format", "sluice-backup"},
               {"version", 1},
               {"schema", schema},
               {"made_at", to_micros(now)}});
}

Status BackupWriter::table(std::string_view name, const std::vector<std::string>& columns) {
  return line({{"table", name}, {"columns", boost::json::value_from(columns)}});
}

Status BackupWriter::row(const boost::json::array& values) {
  figures_.rows += 1;
  return line(values);
}

Status BackupWriter::line(const boost::json::value& value) {
  const std::size_t before = buffer_.size();
  buffer_ += boost::json::serialize(value);
  buffer_ += '\n';
  hash_.add(std::string_view(buffer_).substr(before));
  return buffer_.size() < buffer_bytes ? Status() : write_out();
}

Status BackupWriter::write_out() {
  std::string_view left = buffer_;
  while (!left.empty()) {
    const ssize_t written = ::write(file_, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("write", beside_);
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  figures_.bytes += static_cast<std::int64_t>(buffer_.size());
  buffer_.clear();
  return {};
}

Status BackupWriter::finish() {
  CHECK_OK(line({{"rows", figures_.rows}, {"sha256", hash_.hex()}}));
  CHECK_OK(write_out());
  if (::fsync(file_) != 0) return failed("write", beside_);
  if (::renameat2(AT_FDCWD, beside_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) != 0) {
    // Some file systems can't do it in one step.
    if (errno != EINVAL) return failed("write", path_);
    if (::link(beside_.c_str(), path_.c_str()) != 0) return failed("write", path_);
    ::unlink(beside_.c_str());
  }
  beside_.clear();
  sync_folder(path_);
  return {};
}

}  // namespace sluice::store
