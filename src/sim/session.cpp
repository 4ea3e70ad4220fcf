#include "sim/session.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.hpp"
#include "net/dialer.hpp"
#include "sim/responder.hpp"
#include "sim/text.hpp"
#include "wire/chunked.hpp"

namespace sluice::sim {
namespace {

using net::IoResult;

constexpr std::string_view sim_prefix = "/sim/";
constexpr std::string_view parameters_prefix = "/x-sim/";
constexpr std::size_t body_bytes_max = 64U << 20U;
constexpr wire::HeadLimits head_limits{.bytes_max = 256 * 1024, .count_max = 500};
constexpr Milliseconds handshake_max{10'000};

/// Counts the request out again, however its coroutine ends.
struct Tally {
  Stats& stats;
  const Responder& responder;
  bool stream = false;
  Ending ending = Ending::cut_by_client;
  ~Tally() {
    stats.on_end(stream, responder.status(), ending, responder.claim(), responder.output_sent());
  }
};

class Session {
 public:
  Session(ThreadShared& shared, std::shared_ptr<const net::TlsServerContext> tls)
      : shared_(shared), tls_(std::move(tls)) {}

  net::Task<void> serve(int fd) {
    if (!stream_.open(shared_.loop, fd)) co_return;
    shared_.all.stats.on_connection();
    if (tls_) {
      stream_.start_tls(tls_->accept(stream_.descriptor().fd()));
      const TimePoint deadline = shared_.loop.now() + handshake_max;
      const Status done =
          co_await net::tls_handshake(shared_.loop, timer_, stream_, deadline, nullptr);
      if (!done) co_return;
    }
    while (co_await serve_one()) {
    }
    stream_.close();
  }

 private:
  /// True: the connection takes another request.
  net::Task<bool> serve_one() {
    std::string body;
    wire::RequestHead head;
    std::string head_bytes;
    const Status read = co_await read_request(head_bytes, head, body);
    if (!read) {
      if (read.error().code == Errc::client_gone) co_return false;
      std::string answer = fmt::format(
          "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: "
          "{}\r\nconnection: close\r\n\r\n{}",
          read.error().context.size(), read.error().context);
      const Parameters none;
      FaultWriter writer(shared_.loop, shared_.pacer, timer_, stream_, none, 0);
      co_await writer.write(std::move(answer));
      co_return false;
    }
    Request request;
    request.head = &head;
    request.body = body;
    request.now = shared_.loop.wall_now();
    request.path = head.target.substr(0, head.target.find('?'));
    if (request.path.size() < head.target.size())
      request.query = head.target.substr(request.path.size() + 1);
    std::string id = "req_011C";
    append_id(shared_.random, 20, id);
    request.id = id;

    Parameters parameters = shared_.all.defaults;
    std::string list;
    Status applied = take_parameters(request, parameters, list);
    const Responder::Form form{.http10 = head.minor_version == 0,
                               .keep_alive = head.keep_alive,
                               .head_request = head.method == "HEAD"};
    if (request.path.starts_with(sim_prefix)) {
      const Parameters none;
      const Dialect& any = *shared_.all.dialects.front();
      Responder responder(shared_, timer_, stream_, none, any, id, form);
      Reply reply = control(request);
      co_await responder.send(std::move(reply));
      co_return responder.keeps_alive();
    }

    const Dialect& dialect = dialect_of(request.path);
    const std::string_view key = dialect.credential(head);
    Stats& stats = shared_.all.stats;
    stats.on_request(route_of(dialect, request.path), id, key, head);
    if (applied && !shared_.all.turns.next_fails(list, parameters))
      parameters = parameters.without_faults();
    Reply reply = decide(request, dialect, key, applied, parameters);
    // The answer may take long: it shall not hold the request.
    std::string().swap(body);
    std::string().swap(head_bytes);
    head = {};
    Responder responder(shared_, timer_, stream_, parameters, dialect, id, form);
    Tally tally{.stats = stats, .responder = responder, .stream = reply.events != nullptr};
    if (tally.stream) stats.on_stream_started();
    tally.ending = co_await responder.send(std::move(reply));
    co_return responder.keeps_alive();
  }

  const Dialect& dialect_of(std::string_view path) const {
    const auto& dialects = shared_.all.dialects;
    const auto found = std::find_if(dialects.begin(), dialects.end(),
                                    [&](const auto& dialect) { return dialect->owns(path); });
    return found == dialects.end() ? *dialects.front() : **found;
  }

  static std::string_view route_of(const Dialect& dialect, std::string_view path) {
    if (!dialect.owns(path)) return "unknown";
    return path.starts_with("/v1/models/") ? "/v1/models/ID" : path;
  }

  /// From the path's own prefix, then from the header: "/x-sim/status=529/v1/messages" lets an account's base URL say
  /// what shall go wrong.
  static Status take_parameters(Request& request, Parameters& parameters, std::string& list) {
    Status status;
    if (request.path.starts_with(parameters_prefix)) {
      const std::string_view rest = request.path.substr(parameters_prefix.size());
      const std::string_view told = rest.substr(0, rest.find('/'));
      request.path = rest.substr(told.size());
      list = told;
      status = apply_parameters(told, parameters);
    }
    for (const wire::HeaderField& field : request.head->headers) {
      if (!ascii::iequal(field.name, "x-sim")) continue;
      list += ',';
      list += field.value;
      if (status) status = apply_parameters(field.value, parameters);
    }
    return status;
  }

  Reply control(const Request& request) {
    Reply reply;
    const bool post = request.head->method == "POST";
    if (request.path == "/sim/stats" && !post) {
      reply.body = shared_.all.stats.json();
    } else if (request.path == "/sim/reset" && post) {
      shared_.all.stats.reset();
      shared_.all.turns.reset();
      reply.body = "{}";
    } else {
      reply.status = 404;
      reply.body = R"({"error":"GET /sim/stats and POST /sim/reset are here"})";
    }
    return reply;
  }

  Reply decide(const Request& request, const Dialect& dialect, std::string_view key,
               const Status& applied, const Parameters& parameters) {
    if (!applied) return dialect.error(request, 400, applied.error().context);
    if (!dialect.owns(request.path)) return dialect.error(request, 404, "Not Found");
    if (key.empty()) return dialect.error(request, 401, "x-api-key header is required");
    const auto& expected = shared_.all.expected_keys;
    if (!expected.empty() && std::find(expected.begin(), expected.end(), key) == expected.end()) {
      shared_.all.stats.on_wrong_key();
      return dialect.error(request, 401, "invalid x-api-key");
    }
    if (parameters.status >= 400) return dialect.error(request, parameters.status, {});
    if (parameters.status >= 300) {
      Reply reply = dialect.error(request, parameters.status, "Moved");
      reply.fields += "location: /elsewhere\r\n";
      return reply;
    }
    if (!parameters.golden.empty()) {
      Reply reply = shared_.all.golden.replay(parameters.golden);
      if (reply.status != 0) return reply;
      return dialect.error(
          request, 404,
          fmt::format("x-sim: golden: no recording '{}'; near: {}", parameters.golden,
                      shared_.all.golden.near(parameters.golden)));
    }
    return dialect.answer(request, parameters);
  }

  // --- reading ---

  net::Task<Status> more() {
    for (;;) {
      const auto scratch = shared_.loop.scratch();
      const IoResult read = stream_.read(scratch);
      if (read.kind == IoResult::Kind::ok) {
        input_.append(scratch.data(), read.bytes);
        co_return Status{};
      }
      if (read.kind != IoResult::Kind::again)
        co_return fail(Errc::client_gone, Side::client, "while reading");
      net::Descriptor& self = stream_.descriptor();
      const net::WaitFor what{.read = read.wants_write ? nullptr : &self,
                              .write = read.wants_write ? &self : nullptr};
      co_await net::Wait(shared_.loop, timer_, what);
    }
  }

  net::Task<Status> read_request(std::string& head_bytes, wire::RequestHead& head,
                                 std::string& body) {
    wire::HeadEndFinder finder(Side::client, head_limits.bytes_max);
    for (;;) {
      if (!input_.empty()) {
        CO_TRY(const auto end, finder.find(input_));
        if (end) {
          head_bytes = input_.substr(0, *end);
          input_.erase(0, *end);
          break;
        }
      } else {
        std::string().swap(input_);
      }
      CO_CHECK(co_await more());
    }
    CO_CHECK(wire::parse_request_head(head_bytes, head_limits, head));
    if (head.expect_continue && input_.empty() && head.framing != wire::Framing::none) {
      const Parameters none;
      FaultWriter writer(shared_.loop, shared_.pacer, timer_, stream_, none, 0);
      std::string invitation = "HTTP/1.1 100 Continue\r\n\r\n";
      co_await writer.write(std::move(invitation));
    }
    if (head.framing == wire::Framing::length) {
      if (head.content_length > body_bytes_max)
        co_return fail(Errc::body_too_large, Side::client, "body too large");
      const auto size = static_cast<std::size_t>(head.content_length);
      while (input_.size() < size) CO_CHECK(co_await more());
      body = input_.substr(0, size);
      input_.erase(0, size);
    } else if (head.framing == wire::Framing::chunked) {
      wire::ChunkedDecoder decoder(Side::client);
      for (bool done = false; !done;) {
        std::string_view in = input_;
        while (!in.empty() && !done) {
          CO_TRY(const auto step, decoder.step(in));
          body += step.data;
          in.remove_prefix(step.consumed);
          done = step.done;
        }
        input_.erase(0, input_.size() - in.size());
        if (body.size() > body_bytes_max)
          co_return fail(Errc::body_too_large, Side::client, "body too large");
        if (!done) CO_CHECK(co_await more());
      }
    }
    co_return Status{};
  }

  ThreadShared& shared_;
  std::shared_ptr<const net::TlsServerContext> tls_;
  net::Stream stream_;
  net::Timer timer_;
  std::string input_;  // read, and not yet taken
};

}  // namespace

net::Task<void> serve_connection(ThreadShared& shared, int fd,
                                 std::shared_ptr<const net::TlsServerContext> tls) {
  Session session(shared, std::move(tls));
  co_await session.serve(fd);
}

}  // namespace sluice::sim
