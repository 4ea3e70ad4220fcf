/// Compressed answers: nothing of ours may get between their bytes.

import assert from "node:assert/strict";
import { before, test } from "node:test";
import zlib from "node:zlib";

import { event, messageRequest, stream, streamEvents } from "../lib/anthropic.js";
import { answers } from "../lib/scripted_provider.js";
import { account, providerSecret } from "../lib/sluice.js";
import { delay, patience } from "../lib/waiting.js";
import { World } from "../lib/world.js";

const world = new World();
const names = ["slow", "cut", "stalled", "refused", "leaking", "broken"];
const zipped = { "content-encoding": "gzip" };
let provider, sluice;

before(async () => {
  provider = await world.provider();
  sluice = await world.sluice({
    account: names.map((name) => account(provider, name, { models: [name] })),
    relay: { keepalive_ms: 50, idle_timeout_ms: 600 * patience, max_attempts: 1 },
  });
});

function ask(model, script) {
  provider.script = script;
  return sluice.messages(messageRequest({ model }), { headers: { "accept-encoding": "gzip" } });
}

test("no comment is put into a compressed stream", async () => {
  const bytes = zlib.gzipSync(stream());
  const answer = await ask("slow", async (call) => {
    await call.send(answers.streamHead(zipped));
    await call.send(answers.chunk(bytes.subarray(0, bytes.length - 20)));
    await delay(300);
    await call.send(Buffer.concat([answers.chunk(bytes.subarray(bytes.length - 20)), answers.lastChunk]));
  });
  assert.equal(zlib.gunzipSync(answer.bytes).toString(), stream());
});

for (const [name, end] of Object.entries({ cut: (call) => call.end(), stalled: () => {} })) {
  test(`a compressed stream that is ${name} never looks complete`, async () => {
    const { preamble, content } = streamEvents();
    const compressor = zlib.createGzip();
    compressor.write(preamble + content);
    await new Promise((resolve) => compressor.flush(resolve));
    const bytes = compressor.read();
    const answer = await ask(name, async (call) => {
      await call.sendPieces([answers.streamHead(zipped), answers.chunk(bytes)]);
      end(call);
    });
    assert.equal(answer.status, 200);
    assert.ok(!answer.complete);
    assert.ok(answer.bytes.subarray(0, bytes.length).equals(bytes));
  });
}

test("an error as the first event of a compressed stream is told by the status", async () => {
  const error = { type: "overloaded_error", message: "Overloaded" };
  const answer = await ask("refused", (call) =>
    call.send(answers.stream(zlib.gzipSync(event("error", { error })), zipped)),
  );
  assert.equal(answer.status, 529);
  assert.ok(!answer.head.has("content-encoding"));
  assert.deepEqual(answer.json().error, error);
});

test("a compressed refusal does not smuggle the provider's key out", async () => {
  const body = zlib.gzipSync(
    JSON.stringify({
      type: "error",
      error: { type: "invalid_request_error", message: `key ${providerSecret}` },
    }),
  );
  const answer = await ask("leaking", (call) => call.send(answers.json(400, body, zipped)));
  assert.equal(answer.status, 400);
  const told = answer.head.has("content-encoding") ? zlib.gunzipSync(answer.bytes).toString() : answer.text;
  assert.ok(!told.includes(providerSecret));
});

test("what calls itself compressed and is not is relayed as it is", async () => {
  const answer = await ask("broken", (call) => call.send(answers.json(200, "not compressed", zipped)));
  assert.equal(answer.status, 200);
  assert.equal(answer.text, "not compressed");
});
