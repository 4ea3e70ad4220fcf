#include "app/simulate.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>

#include "base/log.hpp"
#include "sim/parameters.hpp"
#include "sim/simulated_provider.hpp"

namespace sluice::app {
namespace {

constexpr int failed = 1;
constexpr int wrong_usage = 2;

int refuse(int exit_code, const Error& error) {
  std::fprintf(stderr, "sluice: simulate: %s\n", error.context.c_str());
  return exit_code;
}

/// Every stream is a descriptor: take as many as we may.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int run_simulate(const SimulateOptions& options) {
  sim::SimulatedProviderOptions provided;
  provided.threads = options.threads;
  provided.golden_directory = options.golden_directory;
  provided.expected_keys = options.expected_keys;
  provided.tls_certificate = options.tls_certificate;
  provided.tls_key = options.tls_key;
  provided.defaults.seed = options.seed;
  for (const std::string& list : options.parameters) {
    const Status applied = sim::apply_parameters(list, provided.defaults);
    if (!applied) return refuse(wrong_usage, applied.error());
  }
  const std::string where =
      options.listen.empty() ? fmt::format("127.0.0.1:{}", options.port) : options.listen;
  const auto address = net::Address::parse(where);
  if (!address) return refuse(wrong_usage, address.error());

  // The threads inherit the mask: a signal waits for us alone.
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();

  sim::SimulatedProvider provider(std::move(provided));
  const auto bound = provider.start(*address);
  if (!bound) return refuse(failed, bound.error());
  std::printf("simulate.listening address=%s\n", bound->text().c_str());
  std::fflush(stdout);
  int signal = 0;
  ::sigwait(&ending, &signal);
  provider.stop();
  log::flush();
  return 0;
}

std::string simulate_help() {
  return "Parameters (--x-sim \"LIST\", header `x-sim: LIST`, or base URL "
         "http://HOST:PORT/x-sim/LIST);\n"
         "what is marked * is a fault:\n" +
         sim::parameters_help();
}

}  // namespace sluice::app
