/// After the first output: no second attempt, no byte twice, an error in the stream and an end that nobody takes for a good one,
/// however well another account is.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { event, messageRequest, stream, streamEvents } from "../lib/anthropic.js";
import { randomFrom, seed } from "../lib/random.js";
import { requestBytes } from "../lib/raw_client.js";
import { answers } from "../lib/scripted_provider.js";
import { account, messagesRequest } from "../lib/sluice.js";
import { patience } from "../lib/waiting.js";
import { World } from "../lib/world.js";
import { isBrokenInBand } from "./answers.js";
import { crowd } from "./crowd.js";
import { Before } from "./left_behind.js";
import { readLog } from "./log_reader.js";

const world = new World();
const random = randomFrom(seed);
const events = streamEvents({ texts: Array.from({ length: 40 }, (_, i) => `word ${i} `) });
const whole = events.preamble + events.content + events.ending;
const firstContent = events.preamble.length + events.content.indexOf("\n\n") + 2;
const ending = events.preamble.length + events.content.length;

/// What a provider does once `at` bytes of its stream are out; each ends the stream for good.
const ends = {
  reset: (call) => call.reset(),
  close: (call) => call.end(),
  stall: () => {},
  "no stop": (call) => call.send(answers.lastChunk),
  "bad chunk": async (call) => {
    await call.send("zz\r\nno chunk\r\n");
  },
  "error event": async (call) => {
    const error = { type: "overloaded_error", message: "says the provider" };
    await call.send(Buffer.concat([answers.chunk(event("error", { error })), answers.lastChunk]));
  },
};

let broken, healthy, sluice, nothing;
const scripts = new Map(); // by the text of the request

before(async () => {
  broken = await world.provider((call) => scripts.get(call.json.messages[0].content)(call));
  healthy = await world.provider((call) => call.send(answers.stream(stream())));
  const cooling = { unreachable: "0", server_error: "0", overloaded: "0" };
  sluice = await world.sluice({
    account: [account(broken, "broken", { priority: 1, cooling }), account(healthy, "healthy", { priority: 2 })],
    relay: {
      keepalive_ms: 0,
      first_byte_timeout_ms: 1000 * patience,
      idle_timeout_ms: 1000 * patience,
    },
    log: { level: "info" },
  });
  nothing = await Before.take(sluice);
});

/// Asks for a stream that ends as `how` says after its first `at` bytes, which the client has by then.
async function cutAt(how, at, name) {
  const text = `${how}, the ${name}`;
  const client = await sluice.connect();
  const answer = client.answer();
  // What the relay passes on by then: whole events.
  const seen = whole.slice(0, whole.lastIndexOf("\n\n", at - 2) + 2);
  const taken = answer.body((so) => so.text.length >= seen.length);
  scripts.set(text, async (call) => {
    await call.sendPieces([answers.streamHead(), answers.chunk(whole.slice(0, at))]);
    await taken;
    await ends[how](call);
  });
  client.send(requestBytes(messagesRequest(messageRequest({ text }), { "x-request-id": text })));
  const { status } = await answer.head;
  const { complete } = await answer.end;
  client.close();
  return { status, text: answer.text, complete, seen };
}

describe(`a stream that fails after its first output (SEED=${seed})`, { concurrency: 8 }, () => {
  for (const how of Object.keys(ends)) {
    const offsets = [firstContent, ending, ...Array.from({ length: 10 }, () => firstContent + 1 + Math.floor(random() * (ending - firstContent)))];
    for (const [i, at] of offsets.entries()) {
      test(`${how} after ${at} bytes of ${whole.length}`, async () => {
        const calls = broken.calls.length;
        const answer = await cutAt(how, how === "error event" ? whole.lastIndexOf("\n\n", at - 2) + 2 : at, i);
        assert.ok(broken.calls.length > calls);
        const before = isBrokenInBand(answer, whole);
        assert.equal(before, answer.seen, "all whole events that came, and no more");
      });
    }
  }
});

test("each of them is one attempt, and the other account is never asked", async () => {
  assert.equal(healthy.calls.length, 0);
  const texts = broken.calls.map((call) => call.json.messages[0].content);
  assert.equal(new Set(texts).size, texts.length, "no request came twice");
  const { settled } = await readLog(sluice, { requests: texts.length });
  assert.equal(settled.length, texts.length);
  for (const line of settled) {
    assert.equal(line.attempts, "1", line.client_request);
    assert.match(line.outcome, /^(upstream_cut|timeout|upstream_error)$/);
  }
  const metrics = await sluice.metrics();
  assert.equal(metrics.sum("sluice_attempts_total"), texts.length);
  assert.equal(metrics.sum("sluice_attempts_total", { result: "ok" }), 0);
  await nothing.isAllThereIs();
});

test("a crowd of streams that are cut anywhere: what comes is whole or broken, and never mended", async () => {
  // Behind the preamble the provider's own end decides; what was cut before it comes from the other account.
  const count = 600;
  const cuts = Array.from({ length: count }, () => 1 + Math.floor(random() * (whole.length - 1)));
  const callsBefore = broken.calls.length;
  broken.script = async (call) => {
    const at = cuts[Number(call.json.messages[0].content.split(" ")[1])];
    await call.send(Buffer.concat([answers.streamHead(), answers.chunk(whole.slice(0, at))]));
    call.end();
  };
  let mended = 0;
  await crowd(sluice.port, {
    clients: 16,
    count,
    ask: (i) => messagesRequest(messageRequest({ text: `crowd ${i}` })),
    take: (answer, i) => {
      if (cuts[i] < firstContent) {
        mended += 1;
        assert.equal(answer.text, stream(), "all of it from the healthy account");
        assert.ok(answer.complete);
      } else if (answer.text.includes("event: message_stop\n")) {
        assert.ok(cuts[i] >= whole.lastIndexOf("event: message_stop"), `cut after ${cuts[i]}`);
      } else {
        const seen = isBrokenInBand(answer, whole);
        assert.equal(seen, whole.slice(0, whole.lastIndexOf("\n\n", cuts[i] - 2) + 2));
      }
    },
  });
  assert.equal(broken.calls.length - callsBefore, count, "the broken account is asked once for each");
  assert.equal(healthy.calls.length, mended);
  await nothing.isAllThereIs();
});
