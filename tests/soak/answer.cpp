#include "answer.hpp"

#include <zlib.h>

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <stdexcept>

namespace sluice::soak {
namespace {

/// Cut at random, with flushes at random: a sync flush lets a reader see all that was put in, a full one also forgets.
std::string gzip(std::string_view plain, Dice& dice) {
  z_stream z{};
  if (deflateInit2(&z, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("deflateInit2");
  }
  std::string out;
  std::array<unsigned char, 16384> piece;
  const std::uint64_t step_max = dice.between(1, 40000);
  for (int flush = Z_NO_FLUSH; flush != Z_FINISH;) {
    const std::size_t take = std::min<std::size_t>(plain.size(), dice.between(1, step_max));
    flush = take == plain.size() ? Z_FINISH
            : dice.one_in(2)     ? Z_SYNC_FLUSH
            : dice.one_in(4)     ? Z_FULL_FLUSH
                                 : Z_NO_FLUSH;
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
    z.avail_in = static_cast<uInt>(take);
    plain.remove_prefix(take);
    do {
      z.next_out = piece.data();
      z.avail_out = static_cast<uInt>(piece.size());
      deflate(&z, flush);
      out.append(reinterpret_cast<const char*>(piece.data()), piece.size() - z.avail_out);
    } while (z.avail_out == 0);
  }
  deflateEnd(&z);
  return out;
}

std::string common_fields(std::uint64_t id) {
  return fmt::format("request-id: req_soak_{}\r\nx-soak-id: {}\r\n", id, id);
}

/// Writes events in one stream's manner.
class Writer {
 public:
  Writer(Answer& answer, Dice& dice, bool odd) : answer_(answer), dice_(dice), odd_(odd) {
    if (odd && dice.one_in(4)) line_end_ = "\r\n";
    if (odd && dice.one_in(3)) colon_ = dice.one_in(2) ? ":" : ": ";
  }

  void event(std::string_view type, std::string_view data) {
    std::string& out = answer_.body;
    if (!odd_ || !dice_.one_in(30)) (((out += "event") += colon_) += type) += line_end_;
    if (odd_ && dice_.one_in(40))
      ((out += "id: ") += std::to_string(dice_.below(1000))) += line_end_;
    (((out += "data") += colon_) += data) += line_end_;
    out += line_end_;
    answer_.event_ends.push_back(out.size());
  }
  void comment() {
    std::string& out = answer_.body;
    ((out += ": ") += std::string(dice_.skewed(200), 'c')) += line_end_;
    if (dice_.one_in(2)) out += line_end_;
  }
  /// Blanks that JSON allows.
  std::string pad() {
    if (!odd_ || !dice_.one_in(12)) return {};
    return std::string(dice_.between(1, 20), dice_.one_in(3) ? '\t' : ' ');
  }

 private:
  Answer& answer_;
  Dice& dice_;
  bool odd_;
  std::string_view line_end_ = "\n";
  std::string_view colon_ = ": ";
};

}  // namespace

void append_json_text(std::string& out, Dice& dice, std::size_t bytes) {
  // Of a long text the same piece comes again and again: longer than any window of gzip, and of no round length.
  if (const std::size_t piece = 60000 + dice.below(10000); bytes > piece) {
    const std::size_t begin = out.size();
    out.reserve(begin + bytes + piece);
    append_json_text(out, dice, piece);
    const std::string again = out.substr(begin);
    while (out.size() < begin + bytes) out += again;
    return;
  }
  const std::size_t end = out.size() + bytes;
  const auto code = [&](std::uint32_t first, std::uint32_t last) {
    return static_cast<std::uint32_t>(dice.between(first, last));
  };
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  while (out.size() < end) {
    const std::uint64_t word = dice.next();
    switch (word % 16) {
      case 0: {
        const std::uint32_t c = code(0x80, 0x7ff);
        put(0xc0U | c >> 6U), put(0x80U | (c & 0x3fU));
        break;
      }
      case 1: {
        const std::uint32_t c = code(0x3040, 0x9fff);
        put(0xe0U | c >> 12U), put(0x80U | (c >> 6U & 0x3fU)), put(0x80U | (c & 0x3fU));
        break;
      }
      case 2: {
        const std::uint32_t c = code(0x1f300, 0x1faff);
        put(0xf0U | c >> 18U), put(0x80U | (c >> 12U & 0x3fU)), put(0x80U | (c >> 6U & 0x3fU));
        put(0x80U | (c & 0x3fU));
        break;
      }
      case 3: out += R"(\n)"; break;
      case 4: out += R"(\")"; break;
      case 5: out += fmt::format(R"(\u{:04x})", code(0x20, 0xd7ff)); break;
      default:
        for (unsigned shift = 8; shift < 64; shift += 7) put('a' + ((word >> shift) & 15U));
        out += ' ';
    }
  }
}

Answer make_stream(Dice& dice, std::uint64_t id, const StreamShape& shape) {
  Answer answer;
  answer.stream = true;
  answer.input_tokens = dice.between(1, 100000);
  answer.output_tokens = dice.between(1, 100000);
  Writer writer(answer, dice, shape.odd);
  if (shape.odd && dice.one_in(10)) writer.comment();
  writer.event("message_start",
               fmt::format(R"({{"type":{}"message_start","message":{{"id":"msg_soak_{}",)"
                           R"("type":"message","role":"assistant","model":"claude-soak",)"
                           R"("content":[],"stop_reason":null,"stop_sequence":null,)"
                           R"("usage":{{"input_tokens":{},"output_tokens":1}}}}}})",
                           writer.pad(), id, answer.input_tokens));
  if (dice.one_in(2)) writer.event("ping", R"({"type": "ping"})");
  writer.event("content_block_start", R"({"type":"content_block_start","index":0,)"
                                      R"("content_block":{"type":"text","text":""}})");
  answer.output_at = answer.body.size();
  const std::uint64_t long_at = dice.below(shape.deltas + 1);
  for (std::uint64_t i = 0; i <= shape.deltas; ++i) {
    std::size_t bytes = dice.skewed(shape.text_bytes_max);
    if (shape.long_line_bytes > 0 && i == long_at) bytes = shape.long_line_bytes;
    std::string data = fmt::format(
        R"({{{}"type":"content_block_delta",{}"index":0,"delta":{{"type":"text_delta","text":")",
        writer.pad(), writer.pad());
    append_json_text(data, dice, bytes);
    ((data += "\"}") += writer.pad()) += '}';
    writer.event("content_block_delta", data);
    if (!shape.odd) continue;
    if (dice.one_in(30)) writer.comment();
    if (dice.one_in(40)) writer.event("ping", R"({"type": "ping"})");
    if (dice.one_in(40)) {
      writer.event("soak_unknown", fmt::format(R"({{"type":"soak_unknown","of":{}}})", id));
    }
  }
  writer.event("content_block_stop", R"({"type":"content_block_stop","index":0})");
  writer.event("message_delta",
               fmt::format(R"({{"type":"message_delta","delta":{{"stop_reason":"end_turn",)"
                           R"("stop_sequence":null}},{}"usage":{{"output_tokens":{}}}}})",
                           writer.pad(), answer.output_tokens));
  writer.event("message_stop", R"({"type":"message_stop"})");
  answer.fields = "content-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n" +
                  common_fields(id);
  if (shape.gzip) {
    answer.encoded = true;
    answer.body = gzip(answer.body, dice);
    answer.event_ends.clear();
    answer.fields += "content-encoding: gzip\r\n";
  }
  return answer;
}

Answer make_document(Dice& dice, std::uint64_t id, std::size_t text_bytes) {
  Answer answer;
  answer.input_tokens = dice.between(1, 100000);
  answer.output_tokens = dice.between(1, 100000);
  answer.body = fmt::format(R"({{"id":"msg_soak_{}","type":"message","role":"assistant",)"
                            R"("model":"claude-soak","content":[{{"type":"text","text":")",
                            id);
  append_json_text(answer.body, dice, text_bytes);
  answer.body += fmt::format(R"("}}],"stop_reason":"end_turn","stop_sequence":null,)"
                             R"("usage":{{"input_tokens":{},"output_tokens":{}}}}})",
                             answer.input_tokens, answer.output_tokens);
  answer.fields = "content-type: application/json\r\n" + common_fields(id);
  return answer;
}

Answer make_error(std::uint64_t id, int status, const char* type) {
  Answer answer;
  answer.status = status;
  answer.body = fmt::format(
      R"({{"type":"error","error":{{"type":"{}","message":"as the soak wants it"}}}})", type);
  answer.fields = "content-type: application/json\r\n" + common_fields(id);
  return answer;
}

std::string error_event(const char* type) {
  return fmt::format(
      "event: error\ndata: {{\"type\":\"error\",\"error\":{{\"type\":\"{}\",\"message\":\"as the "
      "soak wants it\"}}}}\n\n",
      type);
}

void put_on_wire(Answer& answer, Dice& dice, Framing framing) {
  answer.framing = framing;
  answer.wire = fmt::format("HTTP/1.1 {} Soaked\r\n{}", answer.status, answer.fields);
  if (framing == Framing::chunked) answer.wire += "transfer-encoding: chunked\r\n";
  if (framing == Framing::sized) {
    answer.wire += fmt::format("content-length: {}\r\n", answer.body.size());
  }
  if (framing == Framing::until_close) answer.wire += "connection: close\r\n";
  answer.wire += "\r\n";
  answer.head_bytes = answer.wire.size();
  answer.runs.clear();
  if (framing != Framing::chunked) {
    answer.runs.push_back({answer.wire.size(), 0, answer.body.size()});
    answer.wire += answer.body;
    return;
  }
  constexpr std::array<std::uint64_t, 5> sizes = {3, 40, 700, 5000, 70000};
  const std::uint64_t size_max =
      std::max<std::uint64_t>(sizes[dice.below(sizes.size())], answer.body.size() / 2000);
  for (std::size_t at = 0; at < answer.body.size();) {
    const std::size_t take =
        std::min<std::size_t>(answer.body.size() - at, dice.between(1, size_max));
    answer.wire += fmt::format("{:x}{}\r\n", take, dice.one_in(50) ? ";soak=1" : "");
    answer.runs.push_back({answer.wire.size(), at, take});
    answer.wire.append(answer.body, at, take);
    answer.wire += "\r\n";
    at += take;
  }
  answer.wire += "0\r\n\r\n";
}

std::size_t Answer::body_bytes_within(std::size_t sent) const {
  std::size_t bytes = 0;
  for (const Run& run : runs) {
    if (run.wire_at >= sent) break;
    bytes = run.body_at + std::min(run.bytes, sent - run.wire_at);
  }
  return bytes;
}

std::size_t Answer::event_end_before(std::size_t offset) const {
  const auto above = std::upper_bound(event_ends.begin(), event_ends.end(), offset);
  return above == event_ends.begin() ? 0 : *(above - 1);
}

}  // namespace sluice::soak
