/// A provider that fails: before the first content the client sees a true status, after it an error in the stream and
/// an end that nobody can take for a complete answer.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { event, message, messageRequest, parseStream, stream, streamEvents } from "../lib/anthropic.js";
import { requestBytes } from "../lib/raw_client.js";
import { answers } from "../lib/scripted_provider.js";
import { account, messagesRequest } from "../lib/sluice.js";
import { patience } from "../lib/waiting.js";
import { World } from "../lib/world.js";

const world = new World();
const events = streamEvents();
const whole = Buffer.from(stream());
const step = 9;
const cuts = Array.from({ length: Math.floor(whole.length / step) }, (_, i) => (i + 1) * step);
const names = [
  "error-event",
  "error-late",
  "empty",
  "stall-early",
  "stall",
  "garbage",
  "garbage-early",
  "end-early",
  "stop-twice",
];
let provider, sluice;
const scripts = new Map();

before(async () => {
  provider = await world.provider((call) => scripts.get(call.json.model)(call));
  // A provider that fails rests for a while: each case has an account of its own.
  const models = [
    ...names,
    ...cuts.flatMap((cut) => [`fin-${cut}`, `rst-${cut}`]),
    ...[1, 2, 3, 4, 5, 6, 7, 8].map((n) => `kind-${n}`),
  ];
  sluice = await world.sluice({
    account: models.map((model) => account(provider, model, { models: [model] })),
    relay: {
      max_attempts: 1,
      keepalive_ms: 0,
      idle_timeout_ms: 700 * patience,
      first_byte_timeout_ms: 700 * patience,
    },
  });
});

/// The content of a stream, and then what `script` does once the client has read it.
async function askAndFail(model, script) {
  const client = await sluice.connect();
  const answer = client.answer();
  const taken = answer.body((so) => so.text === events.preamble + events.content);
  scripts.set(model, async (call) => {
    await call.sendPieces([answers.streamHead(), answers.chunk(events.preamble + events.content)]);
    await taken;
    await script(call);
  });
  client.send(requestBytes(messagesRequest(messageRequest({ model }))));
  const { status } = await answer.head;
  const end = await answer.end;
  client.close();
  return { status, text: answer.text, ...end };
}

function ask(model, script) {
  scripts.set(model, script);
  return sluice.messages(messageRequest({ model }));
}

/// The answer of a stream that broke: whole events as they came, then one error, then an end without an end.
function isBrokenInBand(answer, sent) {
  assert.equal(answer.status, 200);
  assert.ok(!answer.complete, "the connection is closed without the last chunk");
  const at = answer.text.lastIndexOf("event: error\n");
  assert.ok(at >= 0, `an error in the stream: ${answer.text.slice(-300)}`);
  const { events: told, rest } = parseStream(answer.text.slice(at));
  assert.equal(rest, "");
  assert.equal(told.length, 1);
  assert.equal(told[0].data.type, "error");
  assert.equal(typeof told[0].data.error.message, "string");
  assert.ok(!answer.text.includes("message_stop"));
  // All whole events that came before are there, and nothing that did not come.
  const before = answer.text.slice(0, at);
  const lastWhole = sent.lastIndexOf("\n\n") + 2;
  assert.equal(before.slice(0, lastWhole), sent.slice(0, lastWhole));
  assert.ok(before.endsWith("\n\n"), "the error starts on a line of its own, after a blank one");
  return before;
}

describe("the provider dies within a stream", { concurrency: 8 }, () => {
  const contentAt = Buffer.byteLength(events.preamble);
  const firstContent = contentAt + events.content.indexOf("\n\n") + 2;
  for (const [how, die] of [
    ["fin", (call) => call.end()],
    ["rst", (call) => call.reset()],
  ]) {
    for (const cut of cuts) {
      test(`${how} after byte ${cut} of ${whole.length}`, async () => {
        const answer = await ask(`${how}-${cut}`, async (call) => {
          await call.send(answers.streamHead());
          await call.send(answers.chunk(whole.subarray(0, cut)));
          // A reset destroys what the other side has not read yet: all earlier bytes may be lost with it.
          die(call);
        });
        if (answer.status !== 200) {
          assert.ok(
            how === "rst" || cut < firstContent,
            `a true status only before the first content: ${answer.status}`,
          );
          assert.equal(answer.status, 502);
          assert.match(answer.head.get("x-sluice-error"), /^upstream_(invalid|unreachable)$/);
          assert.equal(answer.json().type, "error");
          return;
        }
        assert.ok(cut >= contentAt, "the head waits for the first content");
        const sent = whole.subarray(0, cut).toString("latin1");
        if (how === "rst") {
          assert.ok(!answer.complete);
          assert.ok(!answer.text.includes("message_stop"));
        } else if (sent.includes("event: message_stop\n") && sent.endsWith("\n\n")) {
          assert.ok(!answer.complete);
        } else if (!sent.includes("event: message_stop")) {
          isBrokenInBand({ ...answer, text: answer.bytes.toString("latin1") }, sent);
        }
      });
    }
  }
});

describe("before the first content", () => {
  for (const [n, [type, status]] of [
    ["overloaded_error", 529],
    ["rate_limit_error", 429],
    ["api_error", 500],
    ["authentication_error", 401],
    ["permission_error", 403],
    ["invalid_request_error", 400],
  ].entries()) {
    test(`an event of ${type} becomes status ${status}`, async () => {
      const error = { type, message: "says the provider" };
      const answer = await ask(`kind-${n + 1}`, (call) =>
        call.send(answers.stream(events.preamble + event("error", { error }))),
      );
      assert.equal(answer.status, status);
      assert.ok(answer.complete);
      assert.match(answer.head.get("content-type"), /^application\/json/);
      assert.ok(!answer.head.has("x-sluice-error"), "it is the provider's refusal");
      assert.deepEqual(answer.json().error, error);
    });
  }
  test("an error as the very first event becomes a status too", async () => {
    const answer = await ask("error-event", (call) =>
      call.send(
        answers.stream(event("error", { error: { type: "overloaded_error", message: "Overloaded" } })),
      ),
    );
    assert.equal(answer.status, 529);
    assert.equal(answer.json().error.type, "overloaded_error");
  });
  test("nothing reaches the client", async () => {
    let proceed;
    scripts.set("end-early", async (call) => {
      await call.send(answers.streamHead());
      await call.send(answers.chunk(events.preamble));
      await new Promise((resolve) => (proceed = resolve));
      await call.send(Buffer.concat([answers.chunk(events.content + events.ending), answers.lastChunk]));
    });
    const client = await sluice.connect();
    const answer = client.answer();
    client.send(requestBytes(messagesRequest(messageRequest({ model: "end-early" }))));
    await provider.next();
    // The whole way through the relay and back, on the same thread, takes less than a request for its health.
    for (let i = 0; i < 3; i += 1) await sluice.get("/health");
    assert.equal(client.received, 0);
    proceed();
    await answer.end;
    client.close();
    assert.equal(answer.text, whole.toString());
  });
  test("an empty stream is a 502", async () => {
    const answer = await ask("empty", (call) => call.send(answers.stream("")));
    assert.equal(answer.status, 502);
    assert.equal(answer.head.get("x-sluice-error"), "upstream_invalid");
  });
  test("silence is a 504", async () => {
    const answer = await ask("stall-early", (call) =>
      call.sendPieces([answers.streamHead(), answers.chunk(events.preamble)]),
    );
    assert.equal(answer.status, 504);
    assert.equal(answer.head.get("x-sluice-error"), "upstream_timeout");
  });
  test("bytes that are no stream at all never hang the client", async () => {
    const answer = await ask("garbage-early", async (call) => {
      await call.sendPieces([answers.streamHead(), answers.chunk("\0\xff<html>garbage\n\n\n")]);
      call.end();
    });
    assert.ok(answer.status === 502 || !answer.complete);
  });
});

describe("after the first content", () => {
  test("an error event passes through, and what is sent after it is of no use", async () => {
    const error = event("error", { error: { type: "overloaded_error", message: "Overloaded" } });
    const answer = await askAndFail("error-late", (call) =>
      call.send(Buffer.concat([answers.chunk(error), answers.lastChunk])),
    );
    assert.equal(answer.status, 200);
    assert.ok(answer.text.startsWith(events.preamble + events.content + error));
    assert.equal(parseStream(answer.text).events.at(-1).type, "error");
    assert.equal(answer.text.split("event: error").length, 2, "it is told once");
  });
  test("silence ends in an error that names the timeout", async () => {
    const answer = await ask("stall", (call) =>
      call.sendPieces([answers.streamHead(), answers.chunk(events.preamble + events.content)]),
    );
    const before = isBrokenInBand(answer, events.preamble + events.content);
    assert.equal(before, events.preamble + events.content);
    assert.match(answer.text, /idle|timeout|silent/i);
  });
  test("broken framing ends in an error", async () => {
    const answer = await askAndFail("garbage", (call) => call.send("zz\r\nnot a chunk\r\n"));
    isBrokenInBand(answer, events.preamble + events.content);
  });
  test("the relay's health is not touched by any of it", async () => {
    const answer = await sluice.get("/ready");
    assert.equal(answer.status, 200);
    const ok = await ask("stop-twice", (call) => call.send(answers.json(200, message())));
    assert.equal(ok.status, 200);
  });
});
