#include "dialect/anthropic/conversation.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/fast_hash.hpp"
#include "wire/json_skim.hpp"

namespace sluice::dialect::anthropic {
namespace {

using meter::CacheLife;
using meter::PromptPrefix;
using wire::JsonSkim;

/// So that a text in one place isn't the same text in another.
enum Place : std::uint64_t { after_tools = 1, after_system, opens, plain_text };

/// The most that a request may have.
constexpr std::size_t markers_max = 4;

/// A stretch of the body without the markers in it.
class UnmarkedText {
 public:
  explicit UnmarkedText(std::string_view body) : body_(body) {}
  void begin(std::size_t at) {
    from_ = at;
    bytes_ = 0;
    cut_ = false;
  }
  /// In the order of the text.
  void cut(std::size_t from, std::size_t to) {
    if (!cut_) hasher_.reset();
    cut_ = true;
    add(from);
    from_ = to;
  }
  void end(std::size_t at, std::uint64_t& hash, std::int64_t& bytes) {
    if (cut_) {
      add(at);
      hash = hasher_.hash();
      bytes = bytes_;
    } else {
      hash = fast_hash(body_.substr(from_, at - from_));
      bytes = static_cast<std::int64_t>(at - from_);
    }
  }

 private:
  void add(std::size_t to) {
    hasher_.add(body_.substr(from_, to - from_));
    bytes_ += static_cast<std::int64_t>(to - from_);
  }

  std::string_view body_;
  FastHasher hasher_;
  std::size_t from_ = 0;
  std::int64_t bytes_ = 0;
  bool cut_ = false;
};

/// Tools, system prompt, or a message.
struct Part {
  std::uint64_t hash = 0;
  std::int64_t bytes = 0;
  CacheLife life = CacheLife::none;
};

/// What is known of a content while it is walked over.
struct Content {
  std::size_t blocks = 0;
  /// The only thing it says: of a string, or of a text block that nothing stands beside.
  std::optional<std::string_view> text;
  bool is_signed = false;
};

/// The last messages, and marked ones before them.
class LastPrefixes {
 public:
  void push(const PromptPrefix& prefix) {
    PromptPrefix& slot = ring_[pushed_ % ring_.size()];
    if (pushed_ >= ring_.size() && slot.life != CacheLife::none) keep(slot);
    slot = prefix;
    ++pushed_;
  }
  [[nodiscard]] PromptPrefix* last() {
    return pushed_ == 0 ? nullptr : &ring_[(pushed_ - 1) % ring_.size()];
  }
  /// `visit(prefix)` for `room` of them, shortest first. Of too many the oldest unmarked go.
  template <class Visit>
  void take(std::size_t room, Visit visit) const {
    const std::size_t recent = std::min(pushed_, ring_.size());
    std::size_t excess = kept_ + recent > room ? kept_ + recent - room : 0;
    const auto offer = [&](const PromptPrefix& prefix) {
      if (excess > 0 && prefix.life == CacheLife::none) {
        --excess;
      } else if (room > 0) {
        --room;
        visit(prefix);
      }
    };
    for (std::size_t i = 0; i < kept_; ++i) offer(marked_[i]);
    for (std::size_t i = pushed_ - recent; i < pushed_; ++i) offer(ring_[i % ring_.size()]);
  }

 private:
  void keep(const PromptPrefix& prefix) {
    if (kept_ == marked_.size()) {
      std::shift_left(marked_.begin(), marked_.end(), 1);
      --kept_;
    }
    marked_[kept_++] = prefix;
  }

  std::array<PromptPrefix, Conversation::prefixes_max> ring_{};
  std::size_t pushed_ = 0;
  std::array<PromptPrefix, markers_max> marked_{};
  std::size_t kept_ = 0;
};

class Reader {
 public:
  explicit Reader(std::string_view body) : skim_(body), text_(body) {}

  Conversation read() {
    skim_.skip_blanks();
    const bool read = skim_members(skim_, [&](std::string_view name) {
      if (name == "messages" && skim_.peek() == '[') return read_messages();
      if (name == "tools" && skim_.peek() == '[') return read_head(tools_.emplace());
      if (name == "system" && (skim_.peek() == '[' || skim_.peek() == '"'))
        return read_head(system_.emplace());
      if (name == "cache_control") return read_marker(automatic_);
      return skim_.skip_value();
    });
    if (!read || !has_messages_) return {};
    return finish();
  }

 private:
  /// A marker's value. False: nothing to skip it by.
  bool read_marker(CacheLife& life) {
    if (skim_.peek() != '{') return skim_.skip_value();
    auto asked = CacheLife::five_minutes;
    const bool read = skim_members(skim_, [&](std::string_view name) {
      std::string_view value;
      if (name != "ttl" || skim_.peek() != '"') return skim_.skip_value();
      if (!skim_.take_string(value)) return false;
      if (value == "1h") asked = CacheLife::one_hour;
      return true;
    });
    life = std::max(life, asked);
    return read;
  }

  /// An object that may carry a marker.
  bool read_block(Part& part, Content& content) {
    ++content.blocks;
    if (skim_.peek() != '{') {
      content.text.reset();
      return skim_.skip_value();
    }
    static_cast<void>(skim_.take('{'));
    skim_.skip_blanks();
    if (skim_.take('}')) return true;
    std::string_view type;
    std::string_view signature;
    std::optional<std::string_view> text;
    bool more = false;
    std::optional<std::size_t> before;  // the end of the member before, where that stays
    for (;;) {
      skim_.skip_blanks();
      const std::size_t begin = skim_.at();
      std::string_view name;
      if (!skim_.take_string(name)) return false;
      skim_.skip_blanks();
      if (!skim_.take(':')) return false;
      skim_.skip_blanks();
      const char first = skim_.peek();
      bool marker = false;
      if (name == "cache_control" && (first == '{' || first == 'n')) {
        marker = true;
        if (!read_marker(part.life)) return false;
      } else if (name == "type" && first == '"') {
        if (!skim_.take_string(type)) return false;
      } else if (name == "text" && first == '"') {
        if (!skim_.take_string(text.emplace())) return false;
      } else if (name == "signature" && first == '"') {
        more = true;
        if (!skim_.take_string(signature)) return false;
      } else if (name == "content" && first == '[') {
        more = true;
        if (!read_inner_blocks(part)) return false;
      } else {
        more = true;
        if (!skim_.skip_value()) return false;
      }
      const std::size_t end = skim_.at();
      if (marker && before) text_.cut(*before, end);
      skim_.skip_blanks();
      const bool last = !skim_.take(',');
      if (marker && !before) {
        // The first one: the comma behind it goes too.
        if (!last) skim_.skip_blanks();
        text_.cut(begin, last ? end : skim_.at());
      } else if (!last) {
        before = end;
      }
      if (last) break;
    }
    if (!skim_.take('}')) return false;
    if (type == "redacted_thinking" || (type == "thinking" && !signature.empty()))
      content.is_signed = true;
    content.text = content.blocks == 1 && type == "text" && !more ? text : std::nullopt;
    return true;
  }

  /// Of a tool's result; its blocks are not told apart.
  bool read_inner_blocks(Part& part) {
    return skim_elements(skim_, [&] {
      if (skim_.peek() != '{') return skim_.skip_value();
      // Deeper ones have no markers: this ends after one level.
      if (inside_) return skim_.skip_value();
      inside_ = true;
      Content ignored;
      const bool read = read_block(part, ignored);
      inside_ = false;
      return read;
    });
  }

  /// A string, or blocks.
  bool read_content(Part& part, Content& content) {
    if (skim_.peek() == '"') return skim_.take_string(content.text.emplace());
    return skim_elements(skim_, [&] { return read_block(part, content); });
  }

  /// Tools or system prompt.
  bool read_head(Part& part) {
    part = {};
    Content content;
    text_.begin(skim_.at());
    if (!read_content(part, content)) return false;
    text_.end(skim_.at(), part.hash, part.bytes);
    if (content.text) become_plain(part, *content.text);
    return true;
  }

  static void become_plain(Part& part, std::string_view text) {
    part.hash = fast_hash(fast_hash(text), plain_text);
    part.bytes = static_cast<std::int64_t>(text.size());
  }

  bool read_messages() {
    has_messages_ = true;
    return skim_elements(skim_, [&] { return read_message(); });
  }

  bool read_message() {
    Part part;
    Content content;
    std::string_view role;
    bool more = false;
    text_.begin(skim_.at());
    const auto read_member = [&](std::string_view name) {
      const char first = skim_.peek();
      if (name == "role" && first == '"') return skim_.take_string(role);
      if (name == "content" && (first == '"' || first == '[')) return read_content(part, content);
      more = true;
      return skim_.skip_value();
    };
    const bool read = skim_.peek() == '{' ? skim_members(skim_, read_member) : skim_.skip_value();
    if (!read) return false;
    text_.end(skim_.at(), part.hash, part.bytes);
    if (content.text && !more) {
      become_plain(part, *content.text);
      part.hash = fast_hash(part.hash, fast_hash(role));
    }
    if (content.is_signed && role == "assistant") out_.has_signatures = true;
    if (role == "user" && !first_of_user_) first_of_user_ = part.hash;
    // Without what stands before the messages: that may come behind them in the body.
    chain_ = fast_hash(chain_, part.hash);
    bytes_ += part.bytes;
    messages_.push({.hash = chain_, .bytes = bytes_, .life = part.life});
    return true;
  }

  void add(std::uint64_t hash, std::int64_t bytes, CacheLife life) {
    out_.prefixes[out_.prefix_count++] = {.hash = hash, .bytes = bytes, .life = life};
  }

  Conversation finish() {
    std::uint64_t head = 0;
    std::int64_t bytes = 0;
    const auto take_head = [&](const std::optional<Part>& part, Place place) {
      head = fast_hash(fast_hash(head, part ? part->hash : 0), place);
      if (!part) return;
      bytes += part->bytes;
      add(head, bytes, part->life);
    };
    take_head(tools_, after_tools);
    take_head(system_, after_system);
    if (first_of_user_) {
      out_.opening = fast_hash(fast_hash(head, *first_of_user_), opens);
      if (out_.opening == 0) out_.opening = 1;  // 0 says that there is none
    }
    // The provider's own marker stands behind the last block.
    if (auto* last = messages_.last()) last->life = std::max(last->life, automatic_);
    messages_.take(Conversation::prefixes_max - out_.prefix_count,
                   [&](const PromptPrefix& message) {
                     add(fast_hash(head, message.hash), bytes + message.bytes, message.life);
                   });
    return out_;
  }

  JsonSkim skim_;
  UnmarkedText text_;
  Conversation out_;
  std::optional<Part> tools_;
  std::optional<Part> system_;
  CacheLife automatic_ = CacheLife::none;
  LastPrefixes messages_;
  std::uint64_t chain_ = 0;
  std::int64_t bytes_ = 0;
  std::optional<std::uint64_t> first_of_user_;
  bool has_messages_ = false;
  bool inside_ = false;
};

}  // namespace

Conversation read_conversation(std::string_view body) { return Reader(body).read(); }

}  // namespace sluice::dialect::anthropic
