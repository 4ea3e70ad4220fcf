#include "sim/answer.hpp"

#include <algorithm>

#include "sim/text.hpp"

namespace sluice::sim {
namespace {

constexpr std::uint32_t deltas_min = 4, deltas_spread = 28;  // where nobody asks for a number
constexpr std::size_t echo_bytes = 12;                       // a delta, about
constexpr std::size_t tool_bytes = 9;
constexpr std::uint64_t tokens_unlimited = 1ULL << 40U;

std::uint32_t pieces(std::size_t bytes, std::size_t a_piece) {
  return static_cast<std::uint32_t>((bytes + a_piece - 1) / a_piece);
}

/// Part `i` of `n` of the text, cut between characters.
std::string_view part(std::string_view text, std::uint64_t i, std::uint64_t n) {
  const std::size_t from = character_boundary(text, text.size() * i / n);
  const std::size_t to = character_boundary(text, text.size() * (i + 1) / n);
  return text.substr(from, to - from);
}

}  // namespace

Answer::Answer(Wish wish) : wish_(std::move(wish)), random_(wish_.seed) {
  plan();
  for (const Block& block : blocks_) deltas_left_ += block.deltas;
  budget_left_ = wish_.max_tokens.value_or(tokens_unlimited);
  first_output_ = std::min({1 + random_.below(4), deltas_left_, budget_left_});
}

void Answer::plan() {
  std::uint32_t left = wish_.events
                           ? *wish_.events
                           : deltas_min + static_cast<std::uint32_t>(random_.below(deltas_spread));
  if (wish_.echo && !wish_.events) left = std::max(1U, pieces(wish_.echo->size(), echo_bytes));
  if (wish_.thinking) {
    const std::uint32_t deltas = wish_.thinking_shown ? std::min(std::max(1U, left / 4), left) : 0;
    blocks_.push_back({.kind = Kind::thinking, .deltas = deltas});
    if (!wish_.echo || wish_.events) left -= deltas;
  }
  std::vector<Block> calls;
  for (std::uint32_t i = 0; i < wish_.tools.size(); ++i) {
    std::uint32_t deltas = std::max(1U, pieces(wish_.tools[i].input.size(), tool_bytes));
    if (wish_.events) {
      deltas = wish_.text ? std::min(deltas, std::max(1U, left / 4))
                          : left / static_cast<std::uint32_t>(wish_.tools.size() - i);
      deltas = std::min(deltas, left);
      left -= deltas;
    }
    calls.push_back({.kind = Kind::tool, .deltas = deltas, .tool = i});
  }
  if (wish_.text) blocks_.push_back({.kind = Kind::text, .deltas = left});
  blocks_.insert(blocks_.end(), calls.begin(), calls.end());
}

Answer::Step Answer::finish(Stop stop) {
  if (!ended_) {
    ended_ = true;
    stop_ = stop;
    output_ = std::max(output_, first_output_);
  }
  return Step::end;
}

Answer::Step Answer::next(std::string& text) {
  if (ended_) return Step::end;
  if (in_block_) {
    const Block& block = blocks_[block_];
    if (delta_ < block.deltas && budget_left_ > 0) {
      make_delta(text);
      return Step::delta;
    }
    cut_short_ = delta_ < block.deltas;
    in_block_ = false;
    return Step::block_stop;
  }
  if (cut_short_) return finish(Stop::max_tokens);
  if (next_block_ == blocks_.size()) {
    return finish(wish_.tools.empty() ? Stop::end_turn : Stop::tool_use);
  }
  const Block& block = blocks_[next_block_];
  // A tool's input is whole or not there: half a JSON text helps nobody. Other blocks need room for one token.
  const std::uint64_t needed = block.kind == Kind::tool ? block.deltas : std::min(block.deltas, 1U);
  if (budget_left_ < needed || (budget_left_ == 0 && block.deltas == 0))
    return finish(Stop::max_tokens);
  block_ = next_block_++;
  delta_ = 0;
  in_block_ = true;
  return Step::block_start;
}

void Answer::make_delta(std::string& text) {
  const Block& block = blocks_[block_];
  text.clear();
  // Each delta still to come shall have its token.
  const std::uint64_t spare = budget_left_ > deltas_left_ ? budget_left_ - deltas_left_ : 0;
  std::uint64_t tokens = 1;
  if (block.kind == Kind::tool) {
    text = part(tool().input, delta_, block.deltas);
    tokens = std::min<std::uint64_t>(1 + text.size() / 5, 1 + spare);
  } else if (block.kind == Kind::text && wish_.big_delta_bytes > 0 && !big_sent_) {
    big_sent_ = true;
    text.assign(wish_.big_delta_bytes, 'x');
    output_ += wish_.big_delta_bytes / 4;
  } else if (block.kind == Kind::text && wish_.echo) {
    text = part(*wish_.echo, delta_, block.deltas);
    tokens = std::min<std::uint64_t>(1 + text.size() / 5, 1 + spare);
  } else {
    tokens = std::min(1 + random_.below(4), 1 + spare);
    for (std::uint64_t i = 0; i < tokens; ++i) append_token(random_, text);
  }
  ++delta_;
  --deltas_left_;
  budget_left_ -= tokens;
  output_ += tokens;
  if (block.kind == Kind::thinking) thinking_output_ += tokens;
}

}  // namespace sluice::sim
