#include "dialect/anthropic/stream_event.hpp"

#include "base/log.hpp"
#include "dialect/anthropic/errors.hpp"
#include "dialect/anthropic/json_readers.hpp"

namespace sluice::dialect::anthropic {
namespace {

namespace od = simdjson::ondemand;

/// Into `out` if it is a string; null and others leave it empty.
bool read_text(od::value value, std::string& out) {
  std::string_view text;
  if (!value.get_string().get(text)) out.assign(text);
  return true;
}
bool read_text(od::value value, std::optional<std::string>& out) {
  std::string_view text;
  if (!value.get_string().get(text)) out.emplace(text);
  return true;
}
bool read_index(od::value value, std::int64_t& out) {
  std::int64_t index = 0;
  if (!value.get_int64().get(index)) out = index;
  return true;
}
bool read_raw(od::value value, std::string& out) {
  std::string_view raw;
  if (simdjson::to_json_string(value).get(raw)) return false;
  out.assign(raw);
  return true;
}

/// The string at `key` of an object, which is back at its start after that.
std::string text_at(od::object& object, std::string_view key) {
  std::string text;
  od::value value;
  if (!object.find_field_unordered(key).get(value)) read_text(value, text);
  // An object that can't be rewound is broken, and the next reader of it will say so.
  static_cast<void>(object.reset().error());
  return text;
}

bool read_usage_at(od::value value, std::optional<UsageFigures>& out) {
  od::object usage;
  std::string_view raw;
  // Compatible servers send null.
  if (value.get_object().get(usage)) return true;
  return !simdjson::to_json_string(usage).get(raw) && read_usage(raw, out.emplace());
}

/// The id of a container; null where there is none.
bool read_container(od::value value, std::string& out) {
  return each_field(value, [&](std::string_view key, od::value field) {
    return key != "id" || read_text(field, out);
  });
}

bool read_message(od::value value, MessageStart& out) {
  return each_field(value, [&](std::string_view key, od::value field) {
    if (key == "id") return read_text(field, out.id);
    if (key == "model") return read_text(field, out.model);
    if (key == "usage") return read_usage_at(field, out.usage);
    if (key == "container") return read_container(field, out.container);
    return true;
  });
}

std::optional<Delta> read_delta(od::value value) {
  od::object object;
  if (value.get_object().get(object)) return std::nullopt;
  const std::string type = text_at(object, "type");
  const auto fill = [&](auto delta, auto visit) -> std::optional<Delta> {
    if (!each_field(object, [&](std::string_view key, od::value field) {
          return visit(key, field, delta);
        })) {
      return std::nullopt;
    }
    return Delta(std::move(delta));
  };
  if (type == "text_delta") {
    return fill(TextDelta{}, [](std::string_view key, od::value field, TextDelta& out) {
      return key != "text" || read_text(field, out.text);
    });
  }
  if (type == "input_json_delta") {
    return fill(InputJsonDelta{}, [](std::string_view key, od::value field, InputJsonDelta& out) {
      return key != "partial_json" || read_text(field, out.partial_json);
    });
  }
  if (type == "thinking_delta") {
    return fill(ThinkingDelta{}, [](std::string_view key, od::value field, ThinkingDelta& out) {
      if (key == "thinking") return read_text(field, out.thinking);
      std::int64_t tokens = 0;
      if (key == "estimated_tokens" && !field.get_int64().get(tokens))
        out.estimated_tokens = tokens;
      return true;
    });
  }
  if (type == "signature_delta") {
    return fill(SignatureDelta{}, [](std::string_view key, od::value field, SignatureDelta& out) {
      return key != "signature" || read_text(field, out.signature);
    });
  }
  if (type == "citations_delta") {
    return fill(CitationsDelta{}, [](std::string_view key, od::value field, CitationsDelta& out) {
      return key != "citation" || read_raw(field, out.citation);
    });
  }
  if (type == "compaction_delta") {
    return fill(CompactionDelta{}, [](std::string_view key, od::value field, CompactionDelta& out) {
      if (key == "content") return read_text(field, out.content);
      if (key == "encrypted_content") return read_text(field, out.encrypted_content);
      return true;
    });
  }
  std::string_view raw;
  if (simdjson::to_json_string(object).get(raw)) return std::nullopt;
  return UnknownDelta{type, std::string(raw)};
}

bool read_block_start(od::object& event, ContentBlockStart& out) {
  return each_field(event, [&](std::string_view key, od::value field) {
    if (key == "index") return read_index(field, out.index);
    if (key != "content_block") return true;
    od::object block;
    if (field.get_object().get(block)) return true;
    out.block_type = text_at(block, "type");
    std::string_view raw;
    if (simdjson::to_json_string(block).get(raw)) return false;
    out.block.assign(raw);
    return true;
  });
}

bool read_block_delta(od::object& event, ContentBlockDelta& out) {
  bool seen = false;
  const bool good = each_field(event, [&](std::string_view key, od::value field) {
    if (key == "index") return read_index(field, out.index);
    if (key != "delta") return true;
    auto delta = read_delta(field);
    if (!delta) return false;
    out.delta = *std::move(delta);
    seen = true;
    return true;
  });
  return good && seen;
}

bool read_message_delta(od::object& event, MessageDelta& out) {
  return each_field(event, [&](std::string_view key, od::value field) {
    if (key == "usage") return read_usage_at(field, out.usage);
    if (key != "delta") return true;
    return each_field(field, [&](std::string_view part, od::value value) {
      if (part == "stop_reason") return read_text(value, out.stop_reason);
      if (part == "stop_sequence") return read_text(value, out.stop_sequence);
      if (part == "container") return read_container(value, out.container);
      return true;
    });
  });
}

bool has_error_object(od::object& event) {
  od::object error;
  const bool found = !event.find_field_unordered("error").get_object().get(error);
  static_cast<void>(event.reset().error());
  return found;
}

bool read_event(od::object& object, std::string_view data, std::string_view name,
                std::optional<StreamEvent>& out) {
  std::string type = text_at(object, "type");
  if (type.empty()) type = name;
  // Other kinds of servers put their own error shape into the stream.
  if ((type.empty() || type == "message") && has_error_object(object)) type = "error";
  const auto fill = [&](auto event, auto read) {
    if (!read(object, event)) return false;
    out.emplace(std::move(event));
    return true;
  };
  if (type == "message_start") {
    return fill(MessageStart{}, [](od::object& event, MessageStart& start) {
      return each_field(event, [&](std::string_view key, od::value field) {
        return key != "message" || read_message(field, start);
      });
    });
  }
  if (type == "content_block_start") return fill(ContentBlockStart{}, read_block_start);
  if (type == "content_block_delta") return fill(ContentBlockDelta{}, read_block_delta);
  if (type == "content_block_stop") {
    return fill(ContentBlockStop{}, [](od::object& event, ContentBlockStop& stop) {
      return each_field(event, [&](std::string_view key, od::value field) {
        return key != "index" || read_index(field, stop.index);
      });
    });
  }
  if (type == "message_delta") return fill(MessageDelta{}, read_message_delta);
  const auto nothing = [](od::object& event, auto&) {
    return each_field(event, [](std::string_view, od::value) { return true; });
  };
  if (type == "message_stop") return fill(MessageStop{}, nothing);
  if (type == "ping") return fill(Ping{}, nothing);
  if (type == "error") {
    ErrorEvent event;
    event.raw.assign(data);
    if (!read_error_object(object, event.error)) return false;
    if (event.error.status == 0) event.error.status = http_equivalent(event.error.type);
    out.emplace(std::move(event));
    return true;
  }
  return fill(Unknown{type, std::string(data)}, nothing);
}

}  // namespace

std::optional<StreamEvent> parse_event(std::string_view data, std::string_view name) {
  std::optional<StreamEvent> event;
  const bool good = with_json(data, [&](od::document& document) {
    od::object object;
    return !document.get_object().get(object) && read_event(object, data, name, event);
  });
  if (good) return event;
  log::debug("event.unreadable dialect=anthropic name={} bytes={}", log::quoted(name), data.size());
  return std::nullopt;
}

std::optional<StreamEvent> parse_sse_line(std::string_view line) {
  constexpr std::string_view field = "data:";
  if (!line.starts_with(field)) return std::nullopt;
  line.remove_prefix(field.size());
  if (line.starts_with(' ')) line.remove_prefix(1);
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  return parse_event(line);
}

void extract_usage_from_event(const StreamEvent& event, meter::Usage& usage) {
  using meter::Confidence;
  if (const auto* start = std::get_if<MessageStart>(&event)) {
    if (!start->model.empty()) usage.model = start->model.substr(0, meter::model_bytes_max);
    // A second message_start comes with provisional figures again: no reason to forget final ones.
    if (!start->usage || usage.output_told) return;
    apply(*start->usage, usage);
    const bool told = usage.input_told || usage.output_told;
    usage.output_told = false;  // provisional
    if (told) usage.confidence = Confidence::partial;
  } else if (const auto* delta = std::get_if<MessageDelta>(&event)) {
    if (!delta->usage) return;
    apply(*delta->usage, usage);
    if (tells_output(*delta->usage) && usage.input_told) {
      usage.confidence = Confidence::exact;
    } else if (usage.input_told || usage.output_told) {
      usage.confidence = Confidence::partial;
    }
  } else if (std::holds_alternative<ContentBlockDelta>(event)) {
    if (usage.confidence == Confidence::exact) usage.confidence = Confidence::partial;
  }
}

}  // namespace sluice::dialect::anthropic
