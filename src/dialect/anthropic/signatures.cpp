#include "dialect/anthropic/signatures.hpp"

#include <array>
#include <vector>

#include "wire/json_members.hpp"
#include "wire/json_peek.hpp"

namespace sluice::dialect::anthropic {
namespace {

using wire::JsonEdit;
using wire::JsonKind;

/// A quoted string's text; empty for other values.
std::string text_of(std::string_view raw) {
  return raw.starts_with('"') ? wire::unescape_json(raw.substr(1, raw.size() - 2)) : std::string();
}

std::string type_of(std::string_view block) {
  std::string type;
  if (!block.starts_with('{')) return type;
  static_cast<void>(wire::each_member(block, [&](std::string_view name, std::string_view raw) {
    if (name == "type") type = text_of(raw);
    return true;
  }));
  return type;
}

/// An array of which some elements go.
class Thinned {
 public:
  explicit Thinned(std::string_view body) : body_(body) {}
  void add(std::string_view element, bool goes) {
    elements_.push_back(
        {static_cast<std::size_t>(element.data() - body_.data()), element.size(), goes});
    if (!goes) ++left_;
  }
  [[nodiscard]] std::size_t left() const { return left_; }
  [[nodiscard]] bool whole() const { return left_ == elements_.size(); }
  /// Each with the comma before it; those before the first that stays, with the comma behind.
  void cut(std::vector<JsonEdit>& edits) const {
    bool stays_before = false;
    for (std::size_t i = 0; i < elements_.size(); ++i) {
      const Element& element = elements_[i];
      if (!element.goes) {
        stays_before = true;
        continue;
      }
      const std::size_t end = element.offset + element.length;
      if (stays_before) {
        const std::size_t begin = elements_[i - 1].offset + elements_[i - 1].length;
        edits.push_back({begin, end - begin, {}});
      } else {
        const std::size_t next = i + 1 < elements_.size() ? elements_[i + 1].offset : end;
        edits.push_back({element.offset, next - element.offset, {}});
      }
    }
  }

 private:
  struct Element {
    std::size_t offset = 0;
    std::size_t length = 0;
    bool goes = false;
  };
  std::string_view body_;
  std::vector<Element> elements_;
  std::size_t left_ = 0;
};

class Stripper {
 public:
  explicit Stripper(std::string_view body) : body_(body) {}

  bool read(std::string_view messages) {
    Thinned kept(body_);
    if (!wire::each_element(
            messages, [&](std::string_view message) { return read_message(message, kept); })) {
      return false;
    }
    kept.cut(edits);
    return kept.left() > 0;
  }

  std::vector<JsonEdit> edits;
  /// The assistant's last turn goes on: it is the last message, or waits for the tools that this one answers.
  bool turn_is_open = false;

 private:
  bool read_message(std::string_view message, Thinned& kept) {
    std::string role;
    std::string_view content;
    if (message.starts_with('{') &&
        !wire::each_member(message, [&](std::string_view name, std::string_view raw) {
          if (name == "role") role = text_of(raw);
          if (name == "content") content = raw;
          return true;
        })) {
      return false;
    }
    Thinned blocks(body_);
    bool answers_tools = false;
    if (content.starts_with('[') && !wire::each_element(content, [&](std::string_view block) {
          const std::string type = type_of(block);
          if (type == "tool_result") answers_tools = true;
          blocks.add(block,
                     role == "assistant" && (type == "thinking" || type == "redacted_thinking"));
          return true;
        })) {
      return false;
    }
    const bool is_assistant = role == "assistant";
    turn_is_open = is_assistant || answers_tools || (turn_is_open && !after_assistant_);
    after_assistant_ = is_assistant;
    const bool goes = !blocks.whole() && blocks.left() == 0;
    kept.add(message, goes);
    if (!goes) blocks.cut(edits);
    return true;
  }

  std::string_view body_;
  bool after_assistant_ = false;
};

}  // namespace

std::optional<std::string> without_signatures(std::string_view body) {
  enum : std::size_t { messages, thinking, thinking_type };
  static constexpr std::array<wire::JsonKey, 3> keys = {
      wire::JsonKey{"messages"}, wire::JsonKey{"thinking"}, wire::JsonKey{"type", "thinking"}};
  wire::JsonPeek peek(keys);
  if (!peek.read(body) || peek[messages].kind != JsonKind::array) return std::nullopt;
  Stripper stripper(body);
  if (!stripper.read(peek.raw(messages)) || stripper.edits.empty()) return std::nullopt;
  if (stripper.turn_is_open && peek.string(thinking_type) == "enabled") {
    stripper.edits.push_back(
        {peek[thinking].offset, peek[thinking].length, R"({"type":"disabled"})"});
  }
  return wire::apply_edits(body, stripper.edits);
}

}  // namespace sluice::dialect::anthropic
