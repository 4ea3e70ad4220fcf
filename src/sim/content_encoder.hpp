#pragma once
/// Compresses a body as it goes: what is flushed can be decoded without what follows.

#include <memory>
#include <string>
#include <string_view>

#include "sim/parameters.hpp"

namespace sluice::sim {

class ContentEncoder {
 public:
  virtual ~ContentEncoder() = default;
  /// Appends to `out`; `last` ends the coding.
  virtual void encode(std::string_view bytes, bool last, std::string& out) = 0;
  /// Null for Coding::none.
  [[nodiscard]] static std::unique_ptr<ContentEncoder> make(Coding coding);
};

/// "gzip", "br", "zstd"; empty for none.
[[nodiscard]] std::string_view to_string(Coding coding);

}  // namespace sluice::sim
