#pragma once
/// Reads one answer of sluice into its `Call`: status, framing, and each byte of the body against what was sent.

#include <string>
#include <string_view>

#include "call.hpp"

namespace sluice::soak {

class ResponseReader {
 public:
  explicit ResponseReader(Call& call) : call_(call) {}

  /// Takes what came. Anything behind the answer is told as broken.
  void feed(std::string_view bytes);
  /// The connection ended (`reset`: not cleanly).
  void end(bool reset);

  [[nodiscard]] bool whole() const { return call_.whole; }
  [[nodiscard]] bool broken() const { return !call_.broken.empty(); }
  [[nodiscard]] bool keeps_connection() const { return call_.whole && !closes_; }

 private:
  enum class Part : std::uint8_t {
    head,
    sized,
    chunk_size,
    chunk,
    chunk_end,
    trailer,
    until_close,
    done
  };

  void take_head();
  void take_body(std::string_view bytes);
  /// A line of the chunked framing, without its CRLF; false: not here yet.
  bool take_line(std::string_view& bytes);

  Call& call_;
  Part part_ = Part::head;
  std::string line_;
  std::uint64_t left_ = 0;
  bool closes_ = false;
};

}  // namespace sluice::soak
