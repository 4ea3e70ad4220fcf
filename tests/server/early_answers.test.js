/// Answers and requests that overlap: each side may be ahead of the other.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import { message, messageRequest, streamEvents } from "../lib/anthropic.js";
import { requestBytes } from "../lib/raw_client.js";
import { answers } from "../lib/scripted_provider.js";
import { account, messagesRequest } from "../lib/sluice.js";
import { eventually, patience } from "../lib/waiting.js";
import { World } from "../lib/world.js";

const world = new World();
const events = streamEvents();
let provider, sluice;

before(async () => {
  provider = await world.provider();
  sluice = await world.sluice({
    account: [account(provider)],
    relay: { keepalive_ms: 0, total_timeout_ms: 1500 * patience },
  });
});

test("a provider that refuses a body it has not read is heard", async () => {
  const hasty = await world.provider(null, {
    onConnection: (socket) => {
      // It reads a little, answers, and reads no more.
      socket.once("data", () => {
        socket.pause();
        socket.end(answers.error(413, "request_too_large", "too large", { connection: "close" }));
      });
    },
  });
  const server = await world.sluice({ account: [account(hasty)], relay: { max_attempts: 1 } });
  const answer = await server.messages(messageRequest({ stream: false, text: "x".repeat(20_000_000) }));
  assert.equal(answer.status, 413);
  assert.equal(answer.json().error.type, "request_too_large");
});

test("a request that is pipelined behind a running stream waits, and is no departure", async () => {
  let proceed;
  provider.script = async (call) => {
    if (!call.json.stream) return call.send(answers.json(200, message({ text: "second" })));
    await call.sendPieces([answers.streamHead(), answers.chunk(events.preamble + events.content)]);
    await new Promise((resolve) => (proceed = resolve));
    return call.send(Buffer.concat([answers.chunk(events.ending), answers.lastChunk]));
  };
  const client = await sluice.connect();
  const [first, second] = [client.answer(), client.answer()];
  client.send(requestBytes(messagesRequest(messageRequest())));
  await first.body(/content_block_delta/);
  client.send(requestBytes(messagesRequest(messageRequest({ stream: false }))));
  for (let i = 0; i < 3; i += 1) await sluice.get("/health");
  assert.equal(provider.last.json.stream, true, "the second waits");
  proceed();
  assert.ok((await first.end).complete);
  assert.equal(first.text, events.preamble + events.content + events.ending);
  await second.end;
  assert.equal(JSON.parse(second.text).content[0].text, "second");
  client.close();
});

test("a client with a request in its pipeline leaves, and the provider is told all the same", async () => {
  provider.script = (call) =>
    call.sendPieces([answers.streamHead(), answers.chunk(events.preamble + events.content)]);
  const client = await sluice.connect();
  const answer = client.answer();
  client.send(requestBytes(messagesRequest(messageRequest())));
  const call = await provider.next();
  await answer.body(/content_block_delta/);
  client.send(requestBytes(messagesRequest(messageRequest({ stream: false, text: "x".repeat(20_000) }))));
  client.close();
  await call.goneWithin(1000);
});

test("total_timeout_ms ends a stream that flows for too long", async () => {
  provider.script = async (call) => {
    await call.sendPieces([answers.streamHead(), answers.chunk(events.preamble + events.content)]);
    while (await call.send(answers.chunk("event: ping\ndata: {}\n\n"))) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const answer = await sluice.messages(messageRequest());
  assert.equal(answer.status, 200);
  assert.ok(!answer.complete);
  assert.match(answer.text, /event: error\n/);
});

test("refusals keep the connection where the body was read", async () => {
  const client = await sluice.connect();
  for (const path of ["/v1/none", "/v1/messages", "/health"]) {
    const answer = client.answer();
    client.send(requestBytes({ method: "GET", path }));
    await answer.end;
  }
  client.close();
});

test("an answer longer than its announced length is no answer to the next request", async () => {
  provider.script = (call) =>
    call.send(
      Buffer.concat([
        answers.json(200, message({ text: "first" })),
        answers.json(200, message({ text: "POISON" })),
      ]),
    );
  for (let i = 0; i < 3; i += 1) {
    const answer = await sluice.messages(messageRequest({ stream: false }));
    assert.equal(answer.json().content[0].text, "first");
  }
  await eventually(
    async () => (await sluice.metrics()).sum("sluice_account_in_flight") === 0,
    "nothing is left",
  );
});
