#pragma once
/// The client's side of an answer: where it ends, whether it was whole, how many events it brought.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::bench {

/// Counts the events of an SSE body. It looks at line starts only: cheap, and indifferent to how
/// the bytes were cut.
class EventCounter {
 public:
  void feed(std::string_view bytes);
  [[nodiscard]] std::size_t events() const { return events_; }
  [[nodiscard]] std::size_t deltas() const { return deltas_; }
  [[nodiscard]] bool finished() const { return finished_; }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  void on_line();

  std::string line_;
  std::size_t events_ = 0;
  std::size_t deltas_ = 0;
  bool finished_ = false;
  bool failed_ = false;
};

/// Reads one HTTP/1.1 answer, split in any way; `feed` says when it is over.
class ResponseReader {
 public:
  enum class State : std::uint8_t { head, body, size, data, data_end, trailer, whole, broken };

  State feed(std::string_view bytes);

  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] bool keeps_alive() const { return keeps_alive_; }
  [[nodiscard]] const EventCounter& events() const { return events_; }
  /// The first bytes of the body: what an error says.
  [[nodiscard]] const std::string& excerpt() const { return excerpt_; }

 private:
  void on_head();
  void take_payload(std::string_view bytes);
  /// A line without its end once it is complete.
  [[nodiscard]] bool take_line(std::string_view& bytes);

  State state_ = State::head;
  std::string line_;  // the head, or the line that is being collected
  std::string excerpt_;
  std::size_t left_ = 0;
  int status_ = 0;
  bool keeps_alive_ = true;
  EventCounter events_;
};

}  // namespace sluice::bench
