#include "base/master_key.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/master_key_text.hpp"

namespace sluice {
namespace {

constexpr std::size_t file_bytes_max = std::size_t{16} * 1024;

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  File& operator=(File&&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] int get() const { return descriptor_; }
  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

std::unexpected<Error> failed(std::string_view doing, const std::string& path) {
  const int error = errno;
  return fail(error == ENOENT ? Errc::not_found : Errc::io, Side::gateway,
              "cannot " + std::string(doing) + " the master key file " + path + ": " +
                  std::strerror(error));
}

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder;
}

/// Where the file itself is: a symbolic link stays one.
std::string resolved(const std::string& path) {
  std::error_code error;
  const auto real = std::filesystem::canonical(path, error);
  return error ? path : real.string();
}

Status check_who_reads(int descriptor, const std::string& path) {
  struct stat about{};
  if (::fstat(descriptor, &about) != 0) return failed("look at", path);
  if (!S_ISREG(about.st_mode)) {
    return fail(Errc::invalid_config, Side::gateway,
                "the master key file " + path + " is not a file");
  }
  // The superuser runs the command line beside a server that runs as somebody else.
  if (about.st_uid != ::geteuid() && ::geteuid() != 0) {
    return fail(Errc::invalid_config, Side::gateway,
                "the master key file " + path +
                    " belongs to another user: chown it to the one who runs sluice");
  }
  if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return fail(Errc::invalid_config, Side::gateway,
                "the master key file " + path + " can be read or changed by others: chmod 600 " +
                    path + ", and run `sluice secrets rotate` if somebody may have read it");
  }
  return {};
}

Result<Secret> read_whole(int descriptor, const std::string& path) {
  std::string text(file_bytes_max + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(descriptor, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read", path);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  Secret whole(std::move(text));
  if (size > file_bytes_max) {
    return fail(Errc::invalid_config, Side::gateway,
                "the master key file " + path + " is far too long to be one");
  }
  return whole;
}

/// One change at a time. The folder is what is locked, since the file itself is replaced; a process that dies lets go.
Result<File> lock_folder(const std::string& path) {
  File folder(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open()) return failed("reach the folder of", path);
  while (::flock(folder.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return failed("lock the folder of", path);
  }
  return folder;
}

Status write_whole(int descriptor, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t put = ::write(descriptor, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return failed("write", path);
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  if (::fsync(descriptor) != 0) return failed("write", path);
  return {};
}

/// With the folder locked. The new file is complete and on the disk before it gets its name.
Status replace_file(const std::string& path, int folder, const Keyring& keyring) {
  const std::string fresh = path + ".new";
  ::unlink(fresh.c_str());  // of somebody who was ended here
  const File file(
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.is_open()) return failed("create", fresh);
  // A file made by the superuser belongs to whom the one before it, or the folder, belongs to: the server must read it.
  struct stat before{};
  if (::geteuid() == 0 && (::stat(path.c_str(), &before) == 0 || ::fstat(folder, &before) == 0)) {
    if (::fchown(file.get(), before.st_uid, before.st_gid) != 0) return failed("hand over", fresh);
  }
  const Secret text = write_master_key_text(keyring);
  CHECK_OK(write_whole(file.get(), text.reveal(), fresh));
  if (::rename(fresh.c_str(), path.c_str()) != 0) return failed("replace", path);
  if (::fsync(folder) != 0) return failed("write the folder of", path);
  return {};
}

}  // namespace

Result<Keyring> load_master_key(const std::string& path) {
  // O_NONBLOCK: a pipe of that name is refused, not waited for.
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) return failed("open", path);
  CHECK_OK(check_who_reads(file.get(), path));
  TRY(const Secret text, read_whole(file.get(), path));
  return read_master_key_text(text.reveal(), "the master key file " + path);
}

Result<Keyring> load_or_create_master_key(const std::string& path) {
  auto loaded = load_master_key(path);
  if (loaded || loaded.error().code != Errc::not_found) return loaded;
  ::mkdir(folder_of(path).c_str(), 0700);  // where it fails, the next line says so
  TRY(const File folder, lock_folder(path));
  loaded = load_master_key(path);
  if (loaded || loaded.error().code != Errc::not_found) return loaded;
  CHECK_OK(replace_file(path, folder.get(), Keyring({SealingKey::generate()})));
  return load_master_key(path);
}

Result<Keyring> add_master_key(const std::string& path) {
  const std::string file = resolved(path);
  TRY(const File folder, lock_folder(file));
  TRY(const Keyring before, load_master_key(file));
  std::vector<SealingKey> keys = before.keys();
  keys.insert(keys.begin(), SealingKey::generate());
  Keyring after(std::move(keys));
  if (write_master_key_text(after).reveal().size() > file_bytes_max) {
    return fail(Errc::invalid_config, Side::gateway,
                "the master key file " + path +
                    " is full of keys of unfinished rotations: finish one first");
  }
  CHECK_OK(replace_file(file, folder.get(), after));
  return after;
}

Result<Keyring> drop_old_master_keys(const std::string& path, const SealingKey& resealed_to) {
  const std::string file = resolved(path);
  TRY(const File folder, lock_folder(file));
  TRY(const Keyring before, load_master_key(file));
  std::vector<SealingKey> keys = before.keys();
  const auto last = std::ranges::find(keys, resealed_to.id(), &SealingKey::id);
  if (last == keys.end()) {
    return fail(Errc::not_found, Side::gateway,
                "master key " + resealed_to.id_text() + " is no longer in " + path +
                    ": another rotation came first");
  }
  keys.erase(last + 1, keys.end());
  Keyring after(std::move(keys));
  CHECK_OK(replace_file(file, folder.get(), after));
  return after;
}

}  // namespace sluice
