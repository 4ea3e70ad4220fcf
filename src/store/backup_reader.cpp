#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "store/backup_file.hpp"

namespace sluice::store {

namespace {

constexpr std::int64_t rows_between_progress = 1000;

/// Names become a part of SQL texts.
bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= 63 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

bool is_plain_value(const boost::json::value& value) {
  return value.is_string() || value.is_int64() || value.is_null();
}

class Reader {
 public:
  Reader(const std::string& path, BackupSink& sink, const Progress& progress)
      : path_(path), sink_(sink), progress_(progress), file_(path, std::ios::binary) {}

  Result<BackupFigures> run() {
    if (!file_) {
      return fail(Errc::io, Side::gateway,
                  fmt::format("can't read {}: {}", path_, std::strerror(errno)));
    }
    std::string text;
    while (std::getline(file_, text)) {
      // The last byte of a whole backup is a line end.
      if (file_.eof()) return bad("it was cut");
      CHECK_OK(line(text));
    }
    if (file_.bad()) return fail(Errc::io, Side::gateway, "can't read all of " + path_);
    if (!ended_) return bad("it was cut");
    if (progress_) progress_(figures_);
    return figures_;
  }

 private:
  Status line(const std::string& text) {
    if (ended_) return bad("something stands behind its end");
    boost::system::error_code error;
    const boost::json::value value = boost::json::parse(text, error);
    if (error) return bad("a line of it is no JSON");
    if (const auto* row = value.if_array()) {
      CHECK_OK(this->row(*row));
    } else {
      const auto* object = value.if_object();
      if (object == nullptr) return bad("a line of it means nothing");
      if (object->contains("sha256")) return end(*object, text.size() + 1);
      CHECK_OK(begun_ ? table(*object) : head(*object));
    }
    hash_.add(text);
    hash_.add("\n");
    figures_.bytes += static_cast<std::int64_t>(text.size()) + 1;
    return {};
  }

  Status head(const boost::json::object& object) {
    const auto* format = object.if_contains("format");
    const auto* version = object.if_contains("version");
    const auto* schema = object.if_contains("schema");
    if (format == nullptr || *format != "sluice-backup" || version == nullptr ||
        schema == nullptr || !schema->is_int64() || schema->get_int64() < 1 ||
        schema->get_int64() > 9999) {
      return bad("it doesn't begin like one");
    }
    if (*version != 1) return bad("a newer version of this program made it");
    begun_ = true;
    figures_.schema = static_cast<int>(schema->get_int64());
    return sink_.head(figures_.schema);
  }

  Status table(const boost::json::object& object) {
    const auto* name = object.if_contains("table");
    const auto* columns = object.if_contains("columns");
    if (name == nullptr || !name->is_string() || !is_plain_name(name->get_string()) ||
        columns == nullptr || !columns->is_array() || columns->get_array().empty()) {
      return bad("a table of it has no name or no columns");
    }
    columns_.clear();
    for (const boost::json::value& column : columns->get_array()) {
      if (!column.is_string() || !is_plain_name(column.get_string()))
        return bad("a column of it has no name");
      columns_.emplace_back(column.get_string());
    }
    return sink_.table(std::string(name->get_string()), columns_);
  }

  Status row(const boost::json::array& values) {
    if (values.size() != columns_.size() || values.empty() ||
        !std::ranges::all_of(values, is_plain_value)) {
      return bad("a row of it doesn't fit its table");
    }
    figures_.rows += 1;
    CHECK_OK(sink_.row(values));
    if (progress_ && figures_.rows % rows_between_progress == 0) progress_(figures_);
    return {};
  }

  Status end(const boost::json::object& object, std::size_t bytes) {
    const auto* rows = object.if_contains("rows");
    if (!begun_ || rows == nullptr || *rows != figures_.rows ||
        object.at("sha256") != boost::json::string(hash_.hex())) {
      return bad("it was altered");
    }
    ended_ = true;
    figures_.bytes += static_cast<std::int64_t>(bytes);
    return {};
  }

  [[nodiscard]] std::unexpected<Error> bad(std::string_view why) const {
    return fail(Errc::invalid_config, Side::gateway,
                fmt::format("{} is no whole backup: {}", path_, why));
  }

  const std::string& path_;
  BackupSink& sink_;
  const Progress& progress_;
  std::ifstream file_;
  RunningHash hash_;
  BackupFigures figures_;
  std::vector<std::string> columns_;
  bool begun_ = false;
  bool ended_ = false;
};

}  // namespace

Result<BackupFigures> read_backup(const std::string& path, BackupSink& sink,
                                  const Progress& progress) {
  return Reader(path, sink, progress).run();
}

}  // namespace sluice::store
