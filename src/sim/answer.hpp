#pragma once
/// An answer in no dialect yet, made up piece by piece: nothing of it exists before it is asked for, so that ten thousand
/// of them cost little. The same wish and seed give the same pieces, however they are sent.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"

namespace sluice::sim {

struct ToolCall {
  std::string name;
  std::string input;  // JSON
};

/// What a request wants, read from any dialect.
struct Wish {
  std::uint64_t seed = 0;
  std::optional<std::uint32_t> events{};  // content deltas
  std::optional<std::uint64_t> max_tokens{};
  bool thinking = false;
  bool thinking_shown = true;
  bool text = true;
  std::vector<ToolCall> tools{};  // that the answer calls
  std::optional<std::string> echo{};
  std::uint32_t big_delta_bytes = 0;
};

class Answer {
 public:
  enum class Kind : std::uint8_t { thinking, text, tool };
  enum class Step : std::uint8_t { block_start, delta, block_stop, end };
  enum class Stop : std::uint8_t { end_turn, tool_use, max_tokens };

  explicit Answer(Wish wish);

  /// The next step. A delta's text (a tool's: a part of its input) replaces `text`. After `end` comes `end` again.
  [[nodiscard]] Step next(std::string& text);

  // Of the block that the last step belongs to.
  [[nodiscard]] Kind kind() const { return blocks_[block_].kind; }
  [[nodiscard]] std::uint32_t index() const { return block_; }
  [[nodiscard]] const ToolCall& tool() const { return wish_.tools[blocks_[block_].tool]; }

  /// Tokens that the first event may already tell: at least 1 if anything will be said.
  [[nodiscard]] std::uint64_t first_output() const { return first_output_; }
  /// Of all deltas so far; at the end what the answer used.
  [[nodiscard]] std::uint64_t output() const { return output_; }
  [[nodiscard]] std::uint64_t thinking_output() const { return thinking_output_; }
  /// Why it ended; after `end`.
  [[nodiscard]] Stop stop() const { return stop_; }

 private:
  struct Block {
    Kind kind = Kind::text;
    std::uint32_t deltas = 0;
    std::uint32_t tool = 0;
  };
  void plan();
  [[nodiscard]] Step finish(Stop stop);
  void make_delta(std::string& text);

  Wish wish_;
  SeededRandom random_;
  std::vector<Block> blocks_;
  std::uint32_t block_ = 0;
  std::uint32_t delta_ = 0;  // within the block
  std::uint32_t next_block_ = 0;
  bool in_block_ = false;
  bool cut_short_ = false;  // by max_tokens
  bool ended_ = false;
  bool big_sent_ = false;
  std::uint64_t deltas_left_ = 0;
  std::uint64_t budget_left_ = 0;
  std::uint64_t first_output_ = 0;
  std::uint64_t output_ = 0;
  std::uint64_t thinking_output_ = 0;
  Stop stop_ = Stop::end_turn;
};

}  // namespace sluice::sim
