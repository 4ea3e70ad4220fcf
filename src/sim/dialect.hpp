#pragma once
/// The seam between the simulator and the languages it speaks: one file a dialect.

#include "sim/request.hpp"

namespace sluice::sim {

/// Pure: no I/O. One object for all threads.
class Dialect {
 public:
  virtual ~Dialect() = default;
  /// Whether this path is one of the dialect's routes.
  [[nodiscard]] virtual bool owns(std::string_view path) const = 0;
  /// The provider key that the request carries; empty without one.
  [[nodiscard]] virtual std::string_view credential(const wire::RequestHead& head) const = 0;
  [[nodiscard]] virtual Reply answer(const Request& request,
                                     const Parameters& parameters) const = 0;
  /// The answer with that status, as the provider words it. An empty `message` is filled in.
  [[nodiscard]] virtual Reply error(const Request& request, int status,
                                    std::string_view message) const = 0;
  /// An error within a stream.
  [[nodiscard]] virtual std::string error_event(std::string_view type,
                                                std::string_view request_id) const = 0;
};

[[nodiscard]] std::unique_ptr<Dialect> make_anthropic();

}  // namespace sluice::sim
