/// The commands on the store as a whole: the master key, backup, restore, export, import.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "admin/crs_import.hpp"
#include "admin/portable.hpp"
#include "app/manage/secrets_given.hpp"
#include "app/manage/terminal.hpp"
#include "app/manage/verbs.hpp"
#include "app/version.hpp"
#include "store/backup.hpp"

namespace sluice::app::manage {
namespace {

namespace json = boost::json;

/// Whole and readable by its owner alone, or not there: written beside its name first.
Done write_file(const std::string& path, std::string_view text) {
  const std::string beside = fmt::format("{}.{}.new", path, ::getpid());
  const auto failed = [&](const char* what) {
    const std::string why = std::strerror(errno);
    ::unlink(beside.c_str());
    return give_up(fmt::format("{} can't be {}: {}", path, what, why));
  };
  const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return failed("written");
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      ::close(fd);
      return failed("written");
    }
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  const bool synced = ::fsync(fd) == 0;
  if (::close(fd) != 0 || !synced) return failed("written");
  if (::rename(beside.c_str(), path.c_str()) != 0) return failed("put in place");
  return {};
}

/// "-": the standard input.
Tried<std::string> read_document(const std::string& path) {
  const bool standard_input = path == "-";
  const int fd = standard_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return give_up(fmt::format("{} can't be read: {}", path, std::strerror(errno)));
  std::string out;
  std::string buffer(std::size_t{1} << 16, '\0');
  std::string problem;
  while (problem.empty()) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) problem = fmt::format("{} can't be read: {}", path, std::strerror(errno));
    if (count <= 0) break;
    out.append(buffer.data(), static_cast<std::size_t>(count));
    if (out.size() > admin::import_bytes_max)
      problem = fmt::format("{} has more than {} bytes", path, admin::import_bytes_max);
  }
  if (!standard_input) ::close(fd);
  if (!problem.empty()) return give_up(problem);
  return out;
}

/// From `--passphrase-file`, or typed; nullopt: there is nobody to ask.
Tried<std::optional<Secret>> passphrase(const Invocation& invocation, bool twice) {
  if (invocation.has("--passphrase-file")) {
    auto given = read_password(invocation.value("--passphrase-file"));
    if (!given) return give_up("--passphrase-file: " + given.error());
    return *std::move(given);
  }
  if (!can_ask()) return std::nullopt;
  auto first = ask_secret("Passphrase for the secrets (not shown): ");
  if (!first || first->empty()) return give_up("no passphrase was typed");
  if (!twice) return first;
  const auto second = ask_secret("Once more: ");
  if (!second || !equal_constant_time(first->reveal(), second->reveal()))
    return give_up("the two passphrases differ");
  return first;
}

admin::OnConflict on_conflict(const Invocation& invocation) {
  const std::string word = invocation.value("--on-conflict", "refuse");
  if (word == "skip") return admin::OnConflict::skip;
  if (word == "replace") return admin::OnConflict::replace;
  return admin::OnConflict::refuse;
}

admin::DryRun dry_run(const Invocation& invocation) {
  return invocation.has("--dry-run") ? admin::DryRun::yes : admin::DryRun::no;
}

json::object figures_json(const store::BackupFigures& figures, const std::string& file) {
  return {
      {"file", file}, {"rows", figures.rows}, {"bytes", figures.bytes}, {"schema", figures.schema}};
}

std::string_view word_of(admin::ImportReport::Done done) {
  switch (done) {
    case admin::ImportReport::Done::created: return "created";
    case admin::ImportReport::Done::replaced: return "replaced";
    case admin::ImportReport::Done::skipped: return "skipped";
  }
  return {};
}

std::string_view word_of(admin::CrsReport::Carried carried) {
  switch (carried) {
    case admin::CrsReport::Carried::whole: return "carried";
    case admin::CrsReport::Carried::in_part: return "in part";
    case admin::CrsReport::Carried::not_at_all: return "left behind";
  }
  return {};
}

std::string report_text(const admin::ImportReport& report) {
  using Done = admin::ImportReport::Done;
  std::string out;
  for (const auto& line : report.lines) {
    out += fmt::format("{:<9} {} {}\n", word_of(line.done), store::to_string(line.kind),
                       printable(line.name));
    for (const std::string& remark : line.attention)
      out += fmt::format("          {}\n", printable(remark));
  }
  for (const std::string& note : report.notes) out += printable(note) + "\n";
  out += fmt::format("{} created, {} replaced, {} skipped{}\n", report.count(Done::created),
                     report.count(Done::replaced), report.count(Done::skipped),
                     report.dry_run ? "; nothing was changed (--dry-run)" : "");
  return out;
}

std::string report_text(const admin::CrsReport& report) {
  using Carried = admin::CrsReport::Carried;
  std::string out;
  for (const auto& line : report.lines) {
    out += fmt::format("{:<11} {} {}  ({})\n", line.skipped ? "skipped" : word_of(line.carried),
                       line.kind, printable(line.name), printable(line.source));
    for (const std::string& remark : line.remarks)
      out += fmt::format("            {}\n", printable(remark));
  }
  for (const std::string& note : report.notes) out += printable(note) + "\n";
  if (!report.unknown_fields.empty())
    out += fmt::format("not known and passed over: {}\n",
                       printable(fmt::format("{}", fmt::join(report.unknown_fields, ", "))));
  if (report.usage_records > 0)
    out += fmt::format("{} records of usage stay behind\n", report.usage_records);
  out += fmt::format("{} carried, {} in part, {} left behind{}\n", report.count(Carried::whole),
                     report.count(Carried::in_part), report.count(Carried::not_at_all),
                     report.dry_run ? "; nothing was changed (--dry-run)" : "");
  return out;
}

template <class Report>
void tell(const Invocation& invocation, const Report& report) {
  if (invocation.json) {
    print_json(report.to_json());
  } else {
    print(report_text(report));
  }
}

}  // namespace

Done rotate_secrets(Desk& desk, const Invocation& invocation) {
  const auto count = desk.secrets->rotate(*desk.database);
  if (!count) return std::unexpected(failure_of(count.error()));
  if (invocation.json) {
    print_json(json::object{{"sealed", *count}});
  } else {
    print(
        fmt::format("a new master key is in {}; {} secrets are sealed with it, the old key is gone",
                    desk.config.security.master_key_file, *count));
  }
  return {};
}

Done back_up(Desk& desk, const Invocation& invocation) {
  const auto figures = store::back_up(*desk.database, invocation.argument, {});
  if (!figures) return std::unexpected(failure_of(figures.error()));
  if (invocation.json) {
    print_json(figures_json(*figures, invocation.argument));
  } else {
    print(fmt::format("{} has {} rows, {} bytes; keep {} with it, or its secrets are lost",
                      invocation.argument, figures->rows, figures->bytes,
                      desk.config.security.master_key_file));
  }
  return {};
}

Done restore_store(Desk& desk, const Invocation& invocation) {
  const auto over =
      invocation.has("--replace") ? store::Over::anything : store::Over::empty_store_only;
  const auto figures = store::restore(*desk.database, invocation.argument, over, {});
  if (!figures) {
    Failure failure = failure_of(figures.error());
    if (figures.error().code == Errc::already_exists &&
        failure.message.find("--replace") == std::string::npos)
      failure.message += "; --replace puts the backup in its place";
    return std::unexpected(std::move(failure));
  }
  if (invocation.json) {
    print_json(figures_json(*figures, invocation.argument));
  } else {
    print(fmt::format("{} rows of {} are in {}", figures->rows, invocation.argument,
                      desk.database->location()));
  }
  return {};
}

Done export_all(Desk& desk, const Invocation& invocation) {
  admin::ExportOptions options;
  options.sluice_version = version_info().version;
  if (!invocation.has("--without-secrets")) {
    TRY(auto phrase, passphrase(invocation, true));
    if (!phrase) {
      return wrong_usage_of(
          "secrets leave only under a passphrase: say --passphrase-file FILE, or "
          "--without-secrets");
    }
    options.secrets = admin::ExportSecrets::under_passphrase;
    options.passphrase = std::move(*phrase);
  } else if (invocation.has("--passphrase-file")) {
    return wrong_usage_of("--passphrase-file and --without-secrets are one or the other");
  }
  const auto document =
      admin::export_configuration(*desk.database, *desk.secrets, desk.clock, options);
  if (!document) return std::unexpected(failure_of(document.error(), invocation));
  const std::string file = invocation.value("--output");
  if (file.empty() || file == "-") {
    print(*document);
    return {};
  }
  CHECK_OK(write_file(file, *document));
  print(fmt::format("{} has {} bytes", file, document->size()));
  return {};
}

Done import_all(Desk& desk, const Invocation& invocation) {
  if (invocation.argument == "-" && invocation.value("--passphrase-file") == "-")
    return wrong_usage_of(
        "the document and the passphrase can't both come from the standard input");
  TRY(const std::string document, read_document(invocation.argument));
  admin::ImportOptions options{.on_conflict = on_conflict(invocation),
                               .passphrase = {},
                               .private_upstreams = private_upstreams(desk.config),
                               .dry_run = dry_run(invocation)};
  const auto needed = admin::needs_passphrase(document);
  if (!needed) return std::unexpected(failure_of(needed.error(), invocation));
  if (*needed) {
    TRY(auto phrase, passphrase(invocation, false));
    if (!phrase)
      return wrong_usage_of("its secrets are under a passphrase: say --passphrase-file FILE");
    options.passphrase = std::move(*phrase);
  }
  const auto report = admin::import_configuration(*desk.database, *desk.secrets, desk.clock,
                                                  desk.actor, document, options);
  if (!report) return std::unexpected(failure_of(report.error(), invocation));
  tell(invocation, *report);
  return {};
}

Done import_from_crs(Desk& desk, const Invocation& invocation) {
  if (invocation.argument == "-" && invocation.value("--encryption-key") == "-")
    return wrong_usage_of("the document and the key can't both come from the standard input");
  TRY(const std::string document, read_document(invocation.argument));
  admin::CrsOptions options;
  options.on_conflict = on_conflict(invocation);
  options.private_upstreams = private_upstreams(desk.config);
  options.dry_run = dry_run(invocation);
  options.time_zone = invocation.value("--time-zone", options.time_zone);
  if (invocation.has("--encryption-key")) {
    auto key = read_source(invocation.value("--encryption-key"), desk.environment,
                           "ENCRYPTION_KEY of the claude-relay-service");
    if (!key) return wrong_usage_of("--encryption-key: " + key.error());
    options.encryption_key = std::move(*key);
  }
  const auto report =
      admin::import_crs(*desk.database, *desk.secrets, desk.clock, desk.actor, document, options);
  if (!report) return std::unexpected(failure_of(report.error(), invocation));
  tell(invocation, *report);
  return {};
}

}  // namespace sluice::app::manage
