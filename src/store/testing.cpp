#include "store/testing.hpp"

#include <libpq-fe.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace sluice::store::testing {

namespace {

constexpr int not_installed = 77;  // as postgres.sh says

bool is_ready(const std::string& pid_file) {
  std::ifstream file(pid_file);
  std::string line;
  std::string last;
  while (std::getline(file, line)) last = line;
  return last.starts_with("ready");
}

}  // namespace

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "sluice-store-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) std::abort();
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

/// Ends the server with the last test.
class ServerEnd final : public ::testing::Environment {
 public:
  Server* get() {
    if (!tried_) {
      tried_ = true;
      server_.reset(new Server);
      server_->start();
      if (server_->process_ < 0) server_.reset();
    }
    return server_.get();
  }
  void TearDown() override { server_.reset(); }

 private:
  bool tried_ = false;
  std::unique_ptr<Server> server_;
};

namespace {
auto* const server_end =
    static_cast<ServerEnd*>(::testing::AddGlobalTestEnvironment(new ServerEnd));
}

Server* Server::get() { return server_end->get(); }
Server::~Server() { stop(); }

void Server::start() {
  const std::string folder = folder_.path("server");
  const std::string pid_file = folder + "/data/postmaster.pid";
  std::error_code ignored;
  std::filesystem::remove(pid_file, ignored);
  // The server's user must reach its folder.
  std::filesystem::permissions(folder_.path(), std::filesystem::perms(0711));
  process_ = ::fork();
  if (process_ == 0) {
    ::execl(SLUICE_TESTS "/lib/postgres.sh", "postgres.sh", folder.c_str(), nullptr);
    ::_exit(126);
  }
  for (;;) {
    int status = 0;
    if (::waitpid(process_, &status, WNOHANG) == process_) {
      process_ = -1;
      if (!WIFEXITED(status) || WEXITSTATUS(status) != not_installed) {
        ADD_FAILURE() << "the PostgreSQL server of the tests ended with status " << status;
      }
      return;
    }
    if (is_ready(pid_file)) return;
    std::this_thread::sleep_for(Milliseconds(5));
  }
}

void Server::stop() {
  if (process_ < 0) return;
  ::kill(process_, SIGINT);
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
}

Secret Server::url(const std::string& database) const {
  std::string host;
  for (const char c : folder_.path("server"))
    host += c == '/' ? std::string("%2F") : std::string(1, c);
  // The password is that of postgres.sh.
  return Secret("postgresql://sluice:sl%2Fu%3Ac%40e%20%251@/" + database + "?host=" + host);
}

void Server::run_sql(const std::string& sql) const {
  PGconn* connection = PQconnectdb(std::string(url("postgres").reveal()).c_str());
  PGresult* result = PQexec(connection, sql.c_str());
  const auto status = PQresultStatus(result);
  EXPECT_TRUE(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
      << PQerrorMessage(connection);
  PQclear(result);
  PQfinish(connection);
}

std::string Server::add_database() {
  std::string name = "test_" + std::to_string(++databases_);
  run_sql("CREATE DATABASE " + name);
  return name;
}

void OnBothEngines::SetUp() {
  if (GetParam() == Engine::postgresql && Server::get() == nullptr) {
    const char* ci = std::getenv("CI");
    ASSERT_FALSE(ci != nullptr && std::string_view(ci) == "true") << "PostgreSQL is not installed";
    GTEST_SKIP() << "PostgreSQL is not installed";
  }
  options_ = another_store();
}

DatabaseOptions OnBothEngines::another_store() {
  static int count = 0;
  DatabaseOptions options;
  if (GetParam() == Engine::sqlite) {
    options.data_dir = folder_.path("data" + std::to_string(++count));
  } else {
    options.url = Server::get()->url(Server::get()->add_database());
  }
  return options;
}

std::unique_ptr<Database> OnBothEngines::open() const { return value_of(Database::open(options_)); }

std::string engine_name(const ::testing::TestParamInfo<Engine>& info) {
  return info.param == Engine::sqlite ? "SQLite" : "PostgreSQL";
}

Object object(std::string id, std::string name) {
  Object out;
  out.id = std::move(id);
  out.name = std::move(name);
  out.document = R"({"note":"as it was"})";
  out.created = noon;
  out.updated = noon;
  return out;
}

}  // namespace sluice::store::testing
