#pragma once
/// What a management command works at: the store that the configuration names, opened, with its secrets.

#include <boost/json/object.hpp>
#include <expected>
#include <memory>
#include <string>

#include "admin/management.hpp"
#include "app/cli.hpp"
#include "app/config.hpp"
#include "store/database.hpp"
#include "store/secret_box.hpp"

namespace sluice::app::manage {

/// How a command ended when it didn't succeed.
struct Failure {
  std::string message;  // one line: what is wrong and what to do
  int exit_code = 1;
};
template <class T>
using Tried = std::expected<T, Failure>;
using Done = Tried<void>;

[[nodiscard]] inline std::unexpected<Failure> give_up(std::string message, int exit_code = 1) {
  return std::unexpected(Failure{std::move(message), exit_code});
}
[[nodiscard]] inline std::unexpected<Failure> wrong_usage_of(std::string message) {
  return give_up(std::move(message), 2);
}

struct Desk {
  Config config;
  std::string config_file;  // that was read; empty: none
  Environment environment;
  SystemClock clock;
  std::unique_ptr<store::Database> database;
  std::unique_ptr<store::SecretBox> secrets;
  std::unique_ptr<admin::Management> management;
  admin::Actor actor = admin::Actor::command_line();
};

/// Creates the store and the master key where they aren't there yet. Secrets of accounts and keys that the file declares
/// may be out of reach here (the server has them in its environment): such ones are shown all the same.
[[nodiscard]] Tried<std::unique_ptr<Desk>> open_desk(const Command& command);
/// For commands on the store as a whole, which open no secret.
[[nodiscard]] Tried<std::unique_ptr<Desk>> open_store(const Command& command);

[[nodiscard]] provider::PrivateUpstreams private_upstreams(const Config& config);

/// A value, or the words of its refusal with the flag in place of the field.
[[nodiscard]] Failure failure_of(const admin::Refusal& refusal, const Invocation& invocation);
[[nodiscard]] inline Failure failure_of(const Error& error) { return {error.context, 1}; }

/// To stdout, with a line break at its end.
void print(std::string_view text);
void print_json(const boost::json::value& value);

}  // namespace sluice::app::manage
