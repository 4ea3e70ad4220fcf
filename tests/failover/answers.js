/// What a client may be shown, judged strictly.

import assert from "node:assert/strict";

import { parseStream } from "../lib/anthropic.js";

export function textOf(events) {
  return events
    .filter(({ data }) => data.type === "content_block_delta")
    .map(({ data }) => data.delta.text ?? "")
    .join("");
}

/// The answer of a provider that echoes, from one account alone and in one piece: nothing of a failed attempt is in it.
export function isWholeEcho(answer, said, stream) {
  assert.equal(answer.status, 200, `${said}: ${answer.text}`);
  assert.ok(answer.complete, `${said}: the framing ends`);
  if (!stream) {
    const message = JSON.parse(answer.text);
    assert.equal(message.type, "message");
    assert.equal(message.content.map(({ text }) => text).join(""), said);
    return;
  }
  const { events, rest } = parseStream(answer.text);
  const types = events.map(({ data }) => data.type).filter((type) => type !== "ping");
  assert.equal(rest, "");
  assert.equal(types[0], "message_start");
  assert.equal(types.at(-1), "message_stop");
  assert.equal(types.filter((type) => type === "message_start").length, 1, answer.text);
  assert.ok(!types.includes("error"), answer.text);
  assert.equal(textOf(events), said);
}

/// A stream that broke after its output had begun: what came of `whole` as it came, one error, and no end that looks like one.
export function isBrokenInBand(answer, whole) {
  assert.equal(answer.status, 200);
  assert.ok(!answer.complete, "the connection is closed without the last chunk");
  const at = answer.text.lastIndexOf("event: error\n");
  assert.ok(at > 0, `an error in the stream: ${answer.text.slice(-300)}`);
  const { events: told, rest } = parseStream(answer.text.slice(at));
  assert.equal(rest, "");
  assert.equal(told.length, 1);
  assert.equal(told[0].data.type, "error");
  assert.ok(!answer.text.includes("message_stop"));
  const before = answer.text.slice(0, at);
  assert.ok(before.endsWith("\n\n"), "the error stands behind a whole event");
  assert.equal(before, whole.slice(0, before.length), "each byte once, as it came");
  return before;
}
