#pragma once
/// Sends one reply: the head, the body or the events at their pace, and what shall go wrong on the way.

#include "sim/content_encoder.hpp"
#include "sim/fault_writer.hpp"
#include "sim/shared.hpp"

namespace sluice::sim {

class Responder {
 public:
  struct Form {
    bool http10 = false;
    bool keep_alive = true;
    bool head_request = false;
  };
  Responder(ThreadShared& shared, net::Timer& timer, net::Stream& stream,
            const Parameters& parameters, const Dialect& dialect, std::string_view request_id,
            Form form);

  /// How it ended. Whether the connection may go on: `keeps_alive()`.
  [[nodiscard]] net::Task<Ending> send(Reply reply);
  [[nodiscard]] bool keeps_alive() const { return keeps_alive_; }
  /// The status that left, 0 if none did.
  [[nodiscard]] int status() const { return writer_.bytes_sent() > 0 ? status_ : 0; }
  /// What the client was told; null if nothing.
  [[nodiscard]] const Claim* claim() const { return claim_ ? &*claim_ : nullptr; }
  [[nodiscard]] std::uint64_t output_sent() const { return output_sent_; }

 private:
  enum class After : std::uint8_t { more, end, cut, hold, bad_chunk };
  [[nodiscard]] std::string head(const Reply& reply, std::optional<std::size_t> length);
  [[nodiscard]] net::Task<Ending> send_body(Reply& reply);
  [[nodiscard]] net::Task<Ending> send_events(EventSource& events, std::string head);
  /// Appends the next event, as it goes wrong.
  [[nodiscard]] After produce(EventSource& events, std::string& out);
  void frame(std::string_view bytes, bool last, std::string& out);
  void note(const EventSource& events);
  [[nodiscard]] Ending ending_of(Sent sent) const;
  [[nodiscard]] bool chunked() const { return !form_.http10 && !parameters_.no_length; }

  ThreadShared& shared_;
  net::Timer& timer_;
  net::Stream& stream_;
  const Parameters& parameters_;
  const Dialect& dialect_;
  std::string request_id_;
  Form form_;
  FaultWriter writer_;
  std::unique_ptr<ContentEncoder> encoder_;
  std::optional<Claim> claim_;
  std::uint64_t output_sent_ = 0;
  std::uint64_t event_ = 0;
  std::uint64_t content_events_ = 0;
  int status_ = 0;
  bool keeps_alive_ = false;
};

}  // namespace sluice::sim
