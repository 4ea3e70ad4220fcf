/// The pace of a stream: a slow client slows the provider down, and silence is filled with comments.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { delta, messageRequest, parseStream, streamEvents } from "../lib/anthropic.js";
import { requestBytes } from "../lib/raw_client.js";
import { answers } from "../lib/scripted_provider.js";
import { account, messagesRequest } from "../lib/sluice.js";
import { growthMax } from "../lib/waiting.js";
import { World } from "../lib/world.js";

const world = new World();
const events = streamEvents();
let provider, sluice, early;

before(async () => {
  provider = await world.provider();
  const accounts = ["any", "early", "late-error", "late-refusal"].map((name) =>
    account(provider, name, name === "any" ? { priority: 20 } : { models: [name] }),
  );
  sluice = await world.sluice({
    account: accounts,
    relay: { keepalive_ms: 60, max_attempts: 1 },
    server: { write_stall_timeout_ms: 60000 },
  });
  early = await world.sluice({
    account: accounts,
    relay: { keepalive_ms: 60, early_head_ms: 100, max_attempts: 1 },
  });
});

async function ask(server, request = {}) {
  const client = await server.connect();
  const answer = client.answer();
  client.send(requestBytes(messagesRequest(messageRequest(request))));
  return { client, answer };
}

test("a client that takes nothing stops the provider, and the memory stays bounded", async () => {
  const total = 96 << 20;
  const piece = delta("x".repeat(65536));
  const count = Math.ceil(total / piece.length);
  let sent = 0;
  let blocked;
  const isBlocked = new Promise((resolve) => (blocked = resolve));
  provider.script = async (call) => {
    await call.sendPieces([answers.streamHead(), answers.chunk(events.preamble + events.content)]);
    const framed = answers.chunk(piece);
    for (; sent < count; sent += 1) {
      const sending = call.send(framed);
      if (
        (await Promise.race([sending, new Promise((resolve) => setTimeout(resolve, 500, "late"))])) === "late"
      ) {
        blocked();
        await sending;
      }
    }
    blocked();
    await call.send(Buffer.concat([answers.chunk(events.ending), answers.lastChunk]));
  };
  const before = sluice.process.memory;
  const { client, answer } = await ask(sluice);
  await answer.head;
  client.pause();
  await isBlocked;
  // What is on its way now lies in the buffers of four sockets; the kernel lets them grow to some MiB each.
  assert.ok(sent * piece.length < total / 2, `the provider got rid of ${sent * piece.length} bytes`);
  assert.ok(
    sluice.process.memory - before < growthMax(8 << 20),
    `${sluice.process.memory - before} bytes more`,
  );
  client.resume();
  await answer.end;
  client.close();
  const strip = (text) => text.replaceAll(/^:[^\n]*\n\n/gm, "");
  assert.ok(answer.reader.complete);
  assert.equal(
    strip(answer.text).length,
    (events.preamble + events.content + events.ending).length + count * piece.length,
  );
  assert.ok(sluice.process.memory - before < growthMax(8 << 20));
});

test("a client that takes nothing for too long is cut off", async () => {
  const hasty = await world.sluice({
    account: [account(provider)],
    server: { write_stall_timeout_ms: 300 },
    relay: { keepalive_ms: 0 },
  });
  provider.script = async (call) => {
    await call.sendPieces([answers.streamHead(), answers.chunk(events.preamble + events.content)]);
    for (let i = 0; i < 2000; i += 1) if (!(await call.send(answers.chunk(delta("x".repeat(65536)))))) return;
  };
  const { client, answer } = await ask(hasty);
  await answer.head;
  const call = provider.last;
  client.pause();
  await call.goneWithin(5000);
  client.close();
});

describe("silence is filled with comments", () => {
  test("between events", async () => {
    let proceed;
    provider.script = async (call) => {
      await call.sendPieces([answers.streamHead(), answers.chunk(events.preamble + events.content)]);
      await new Promise((resolve) => (proceed = resolve));
      await call.send(Buffer.concat([answers.chunk(events.ending), answers.lastChunk]));
    };
    const { client, answer } = await ask(sluice);
    await answer.body((so) => so.text.split("\n").filter((line) => line.startsWith(":")).length >= 3);
    proceed();
    await answer.end;
    client.close();
    assert.ok(answer.reader.complete);
    assert.deepEqual(
      parseStream(answer.text).events,
      parseStream(events.preamble + events.content + events.ending).events,
    );
  });

  test("but never within one", async () => {
    const half = Math.floor(events.ending.length / 3);
    provider.script = async (call) => {
      await call.sendPieces([
        answers.streamHead(),
        answers.chunk(events.preamble + events.content + events.ending.slice(0, half)),
      ]);
      await new Promise((resolve) => setTimeout(resolve, 400));
      await call.send(Buffer.concat([answers.chunk(events.ending.slice(half)), answers.lastChunk]));
    };
    const { client, answer } = await ask(sluice);
    await answer.end;
    client.close();
    assert.deepEqual(
      parseStream(answer.text).events,
      parseStream(events.preamble + events.content + events.ending).events,
    );
  });

  test("but not in an answer that is no stream", async () => {
    const body = Buffer.from('{"type":"message","content":[],"usage":{"input_tokens":1,"output_tokens":1}}');
    provider.script = async (call) => {
      await call.send(
        Buffer.concat([
          answers.head(200, { "content-type": "application/json", "content-length": body.length }),
          body.subarray(0, 10),
        ]),
      );
      await new Promise((resolve) => setTimeout(resolve, 300));
      await call.send(body.subarray(10));
    };
    const { client, answer } = await ask(sluice, { stream: false });
    await answer.end;
    client.close();
    assert.equal(answer.text, body.toString());
  });
});

describe("early_head_ms", () => {
  test("commits 200 and comments while the provider thinks", async () => {
    let proceed;
    provider.script = async (call) => {
      await new Promise((resolve) => (proceed = resolve));
      await call.send(answers.stream(events.preamble + events.content + events.ending));
    };
    const { client, answer } = await ask(early, { model: "early" });
    const head = await answer.head;
    assert.equal(head.status, 200);
    assert.match(head.get("content-type"), /^text\/event-stream/);
    await answer.body(/^:/m);
    proceed();
    await answer.end;
    client.close();
    assert.ok(answer.reader.complete);
    assert.deepEqual(
      parseStream(answer.text).events,
      parseStream(events.preamble + events.content + events.ending).events,
    );
  });

  test("then tells a refusal in the stream", async () => {
    let proceed;
    provider.script = async (call) => {
      await new Promise((resolve) => (proceed = resolve));
      await call.send(answers.error(529, "overloaded_error", "Overloaded"));
    };
    const { client, answer } = await ask(early, { model: "late-refusal" });
    await answer.head;
    proceed();
    await answer.end;
    client.close();
    const told = parseStream(answer.text).events;
    assert.equal(told.length, 1);
    assert.equal(told[0].type, "error");
    assert.equal(told[0].data.error.type, "overloaded_error");
    assert.ok(!answer.reader.complete);
  });

  test("never for an answer that is no stream", async () => {
    let proceed;
    provider.script = async (call) => {
      await new Promise((resolve) => (proceed = resolve));
      await call.send(answers.error(400, "invalid_request_error"));
    };
    const { client, answer } = await ask(early, { model: "late-error", stream: false });
    await provider.next(0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(client.received, 0);
    proceed();
    assert.equal((await answer.head).status, 400);
    await answer.end;
    client.close();
  });
});
