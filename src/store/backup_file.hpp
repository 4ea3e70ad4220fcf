#pragma once
/// The file of a backup, line by line:
///
///     {"format":"sluice-backup","version":1,"schema":1,"made_at":1750000000000000}
///     {"table":"users","columns":["id","name",...]}
///     ["01H...","anna",...]                                    a row: texts, integers, nulls
///     {"rows":1,"sha256":"..."}                                of all bytes before this line
///
/// Nothing in it depends on the engine.

#include <openssl/types.h>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/backup.hpp"

namespace sluice::store {

/// SHA-256 of what comes in pieces.
class RunningHash {
 public:
  RunningHash();
  ~RunningHash();
  void add(std::string_view bytes);
  /// Of all so far; nothing may be added afterwards.
  [[nodiscard]] std::string hex();

 private:
  EVP_MD_CTX* context_;
};

/// Beside its name until finish(); gone if that isn't reached.
class BackupWriter {
 public:
  /// Errors  already_exists, io.
  [[nodiscard]] static Result<std::unique_ptr<BackupWriter>> create(const std::string& path);
  BackupWriter(const BackupWriter&) = delete;
  BackupWriter& operator=(const BackupWriter&) = delete;
  ~BackupWriter();

  [[nodiscard]] Status head(int schema, WallTime now);
  [[nodiscard]] Status table(std::string_view name, const std::vector<std::string>& columns);
  [[nodiscard]] Status row(const boost::json::array& values);
  /// On the disk and under its name. Errors  already_exists, io.
  [[nodiscard]] Status finish();
  [[nodiscard]] const BackupFigures& figures() const { return figures_; }

 private:
  BackupWriter(std::string path, std::string beside, int file);
  [[nodiscard]] Status line(const boost::json::value& value);
  [[nodiscard]] Status write_out();

  std::string path_;
  std::string beside_;
  int file_;
  std::string buffer_;
  RunningHash hash_;
  BackupFigures figures_;
};

/// What a backup is read into.
class BackupSink {
 public:
  virtual ~BackupSink() = default;
  /// Comes first, once.
  [[nodiscard]] virtual Status head(int schema) = 0;
  [[nodiscard]] virtual Status table(const std::string& name,
                                     const std::vector<std::string>& columns) = 0;
  /// Of the last table; as many values as that has columns, each a text, an integer or null.
  [[nodiscard]] virtual Status row(const boost::json::array& values) = 0;
};

/// Errors  invalid_config: no backup, cut or altered, which is known at the end only; io; what the sink says.
[[nodiscard]] Result<BackupFigures> read_backup(const std::string& path, BackupSink& sink,
                                                const Progress& progress);

}  // namespace sluice::store
