/// Requests and answers of the Anthropic Messages API, written by us.

export function messageRequest({ model = "claude-test", stream = true, text = "hi", ...more } = {}) {
  return { model, max_tokens: 64, stream, messages: [{ role: "user", content: text }], ...more };
}

export function event(type, fields = {}) {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

const start = (model, input) =>
  event("message_start", {
    message: {
      id: "msg_scripted",
      type: "message",
      role: "assistant",
      model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: {
        input_tokens: input,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 0,
        output_tokens: 1,
      },
    },
  });

/// The events of one answer; `preamble` is what stands before the first content.
export function streamEvents({
  model = "claude-test",
  input = 11,
  output = 7,
  texts = ["Hello", " wor", "ld \u00e9\u20ac\u{1f600}"],
} = {}) {
  return {
    preamble: start(model, input) + event("ping"),
    content:
      event("content_block_start", { index: 0, content_block: { type: "text", text: "" } }) +
      texts
        .map((text) => event("content_block_delta", { index: 0, delta: { type: "text_delta", text } }))
        .join(""),
    ending:
      event("content_block_stop", { index: 0 }) +
      event("message_delta", {
        delta: { stop_reason: "end_turn", stop_sequence: null },
        usage: { output_tokens: output },
      }) +
      event("message_stop"),
  };
}

export function stream(options) {
  const { preamble, content, ending } = streamEvents(options);
  return preamble + content + ending;
}

export function delta(text) {
  return event("content_block_delta", { index: 0, delta: { type: "text_delta", text } });
}

export function message({ model = "claude-test", input = 11, output = 7, text = "Hello" } = {}) {
  return {
    id: "msg_scripted",
    type: "message",
    role: "assistant",
    model,
    content: [{ type: "text", text }],
    stop_reason: "end_turn",
    stop_sequence: null,
    usage: {
      input_tokens: input,
      output_tokens: output,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
    },
  };
}

/// The whole events of a stream, strictly: an unfinished tail is `rest`; comments are left out.
export function parseStream(text) {
  const blocks = text.split("\n\n");
  const rest = blocks.pop();
  const events = [];
  for (const block of blocks) {
    let type = "message";
    const data = [];
    for (const line of block.split("\n")) {
      if (line === "" || line.startsWith(":")) continue;
      const [, name, value] = /^([a-z]+): ?(.*)$/s.exec(line) ?? [];
      if (name === "event") type = value;
      else if (name === "data") data.push(value);
      else throw new Error(`not a line of an event: ${JSON.stringify(line)}`);
    }
    if (data.length) events.push({ type, data: JSON.parse(data.join("\n")) });
  }
  return { events, rest };
}
