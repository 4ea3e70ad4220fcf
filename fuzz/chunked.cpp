#include "wire/chunked.hpp"

#include "fuzz.hpp"

namespace {

using namespace sluice;

struct Decoded {
  bool refused = false;
  bool done = false;
  std::size_t consumed = 0;
  std::string body;
};

Decoded decode(const fuzz::Input& input, Side side, bool at_once) {
  wire::ChunkedDecoder decoder(side);
  Decoded out;
  const auto visit = [&](std::string_view in) {
    while (!in.empty()) {
      const auto step = decoder.step(in);
      if (!step) {
        out.refused = true;
        return false;
      }
      fuzz::require(step->consumed <= in.size());
      fuzz::require(fuzz::within(step->data, in.substr(0, step->consumed)));
      fuzz::require(step->consumed > 0);
      out.body.append(step->data);
      out.consumed += step->consumed;
      out.done = step->done;
      if (step->done) fuzz::require(decoder.at_boundary());
      if (step->done) return false;
      in.remove_prefix(step->consumed);
    }
    return true;
  };
  if (at_once) {
    visit(input.bytes);
  } else {
    fuzz::in_reads(input, visit);
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = fuzz::split(data, size);
  Decoded of_side[2];
  for (const auto side : {Side::client, Side::provider}) {
    const auto whole = decode(input, side, true);
    const auto parts = decode(input, side, false);
    fuzz::require(whole.refused == parts.refused && whole.done == parts.done &&
                  whole.body == parts.body);
    if (!whole.refused) fuzz::require(whole.consumed == parts.consumed);
    of_side[side == Side::client ? 0 : 1] = whole;
  }
  // What we take of a client, we understand as a provider's bytes alike.
  if (!of_side[0].refused) {
    fuzz::require(!of_side[1].refused && of_side[0].body == of_side[1].body);
    fuzz::require(of_side[0].done == of_side[1].done && of_side[0].consumed == of_side[1].consumed);
  }
  // What is decoded can be written and read back.
  if (of_side[1].done && !of_side[1].body.empty()) {
    const auto& body = of_side[1].body;
    char head[wire::chunk_head_bytes_max];
    fuzz::Input again{input.steer, std::string(head, wire::append_chunk_head(head, body.size()))};
    again.bytes.append(body).append(wire::chunk_tail).append(wire::chunked_end);
    const auto read_back = decode(again, Side::client, false);
    fuzz::require(read_back.done && read_back.body == body &&
                  read_back.consumed == again.bytes.size());
  }
  return 0;
}
