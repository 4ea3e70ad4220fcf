#include "sim/simulated_provider.hpp"

#include <thread>

#include "net/listener.hpp"
#include "sim/session.hpp"

namespace sluice::sim {
namespace {

/// One thread: its loop, its listener, its connections.
class Worker {
 public:
  Worker(Shared& shared, std::shared_ptr<const net::TlsServerContext> tls)
      : loop_(clock_),
        pacer_(loop_),
        random_(SeededRandom::from_system()),
        shared_{.loop = loop_, .pacer = pacer_, .random = random_, .all = shared, .batch = {}},
        tls_(std::move(tls)),
        listener_(loop_) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() { stop(); }

  Status listen(const net::Address& address) {
    CHECK_OK(pacer_.open());
    return listener_.listen(address, [this](int fd, const net::Address&) {
      connections_.start(serve_connection(shared_, fd, tls_));
    });
  }
  [[nodiscard]] const net::Address& address() const { return listener_.address(); }

  void start() {
    thread_ = std::thread([this] {
      loop_.run();
      close();
    });
  }
  void stop() {
    if (thread_.joinable()) {
      loop_.stop();
      thread_.join();
    }
    close();
  }

 private:
  void close() {
    listener_.close();
    connections_.clear();
    pacer_.close();
  }
  SystemClock clock_;
  net::Loop loop_;
  Pacer pacer_;
  SeededRandom random_;
  ThreadShared shared_;
  std::shared_ptr<const net::TlsServerContext> tls_;
  net::TaskSet connections_;
  net::Listener listener_;
  std::thread thread_;
};

}  // namespace

struct SimulatedProvider::State {
  Shared shared;
  std::vector<std::unique_ptr<Worker>> workers;
};

SimulatedProvider::SimulatedProvider(SimulatedProviderOptions options)
    : options_(std::move(options)), state_(std::make_unique<State>()) {
  state_->shared.dialects.push_back(make_anthropic());
}

SimulatedProvider::~SimulatedProvider() { stop(); }

Result<net::Address> SimulatedProvider::start(const net::Address& address) {
  Shared& shared = state_->shared;
  shared.defaults = options_.defaults;
  shared.expected_keys = options_.expected_keys;
  if (!options_.golden_directory.empty()) {
    TRY(shared.golden, GoldenSet::load(options_.golden_directory));
  }
  std::shared_ptr<const net::TlsServerContext> tls;
  if (!options_.tls_certificate.empty()) {
    TRY(tls, net::TlsServerContext::load(options_.tls_certificate, options_.tls_key));
  }
  net::Address bound = address;
  for (std::size_t i = 0; i < std::max<std::size_t>(1, options_.threads); ++i) {
    auto worker = std::make_unique<Worker>(shared, tls);
    if (const Status listening = worker->listen(bound); !listening) {
      state_->workers.clear();
      return std::unexpected(listening.error());
    }
    // A free port is chosen once; the other threads share it.
    bound = worker->address();
    state_->workers.push_back(std::move(worker));
  }
  for (const auto& worker : state_->workers) worker->start();
  return bound;
}

void SimulatedProvider::stop() { state_->workers.clear(); }

std::string SimulatedProvider::stats_json() const { return state_->shared.stats.json(); }

}  // namespace sluice::sim
