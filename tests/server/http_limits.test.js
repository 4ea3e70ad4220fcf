/// How much of a client the server takes, and for how long.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { message, messageRequest } from "../lib/anthropic.js";
import { RawClient, requestBytes } from "../lib/raw_client.js";
import { answers } from "../lib/scripted_provider.js";
import { account, clientSecret, messagesRequest } from "../lib/sluice.js";
import { delay, patience } from "../lib/waiting.js";
import { World } from "../lib/world.js";

const world = new World();
let provider, strict;

before(async () => {
  provider = await world.provider((call) => call.send(answers.json(200, message())));
  strict = await world.sluice({
    account: [account(provider)],
    server: {
      header_timeout_ms: 400,
      body_idle_timeout_ms: 400,
      keepalive_idle_ms: 600,
      max_body_bytes: 100_000,
      max_buffered_bytes: 150_000,
      max_header_bytes: 4096,
      max_header_count: 30,
    },
  });
});

const small = (text = "hi", more = {}) => messagesRequest(messageRequest({ stream: false, text }), more);

describe("limits", () => {
  const refusal = async (client, answer, status, code) => {
    assert.equal((await answer.head).status, status);
    if (code) assert.equal(answer.reader.head.get("x-sluice-error"), code);
    await answer.end;
    assert.equal(await client.closed, "end");
    client.close();
  };

  test("a body that is too long by its length is 413 before it is read", async () => {
    const client = await strict.connect();
    const answer = client.answer();
    client.send(
      requestBytes({
        ...small(),
        body: undefined,
        headers: { "x-api-key": clientSecret, "content-length": 100_001 },
      }),
    );
    await refusal(client, answer, 413, "body_too_large");
  });

  test("a chunked body is 413 when it becomes too long", async () => {
    const client = await strict.connect();
    const answer = client.answer();
    client.send(
      requestBytes({
        ...small(),
        body: undefined,
        headers: { "x-api-key": clientSecret, "transfer-encoding": "chunked" },
      }),
    );
    for (let i = 0; i < 30; i += 1) client.send(answers.chunk("x".repeat(4000)));
    await refusal(client, answer, 413, "body_too_large");
  });

  test("a client that is still sending reads the refusal all the same", async () => {
    const client = await strict.connect();
    const answer = client.answer();
    client.send(
      requestBytes({
        ...small(),
        body: undefined,
        headers: { "x-api-key": clientSecret, "content-length": 500_000 },
      }),
    );
    client.send(Buffer.alloc(500_000, "x"));
    await refusal(client, answer, 413, "body_too_large");
  });

  test("a head that takes too long is 408", async () => {
    const client = await strict.connect();
    const answer = client.answer();
    client.send("POST /v1/messages HTTP/1.1\r\nhost: x\r\n");
    await refusal(client, answer, 408);
  });

  test("a head that drips is 408 too", async () => {
    const client = await strict.connect();
    const answer = client.answer();
    client.send("POST /v1/messages HTTP/1.1\r\n");
    const drip = setInterval(() => client.send("x: y\r\n"), 50);
    await refusal(client, answer, 408).finally(() => clearInterval(drip));
  });

  test("a connection that says nothing is closed", async () => {
    const client = await strict.connect();
    await client.closed;
    client.close();
  });

  test("a body that stops is 408", async () => {
    const client = await strict.connect();
    const answer = client.answer();
    client.send(
      requestBytes({
        ...small(),
        body: undefined,
        headers: { "x-api-key": clientSecret, "content-length": 100 },
      }),
    );
    client.send("{");
    await refusal(client, answer, 408);
  });

  test("a head that is too long, or has too many fields, is 431", async () => {
    for (const headers of [
      { "x-long": "x".repeat(5000) },
      Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`x-${i}`, "y"])),
    ]) {
      const client = await strict.connect();
      const answer = client.answer();
      client.send(requestBytes(small("hi", headers)));
      await refusal(client, answer, 431, "header_too_large");
    }
  });

  test("bodies that would not fit into memory together are 503", async () => {
    const headers = { "x-api-key": clientSecret, "content-length": 90_000 };
    const body = Buffer.from(
      JSON.stringify(messageRequest({ stream: false, text: "x".repeat(80_000) })).padEnd(90_000),
    );
    const first = await strict.connect();
    const held = first.answer();
    first.send(requestBytes({ ...small(), body: undefined, headers })).send(body.subarray(0, 89_000));
    await delay(50 * patience);
    const second = await strict.connect();
    const refused = second.answer();
    second.send(requestBytes({ ...small(), body: undefined, headers })).send(body);
    assert.equal((await refused.head).status, 503);
    assert.equal(refused.reader.head.get("x-sluice-error"), "overloaded");
    second.close();
    first.send(body.subarray(89_000));
    assert.equal((await held.head).status, 200);
    await held.end;
    first.close();
    const again = await strict.messages(body);
    assert.equal(again.status, 200, "the memory is back");
  });

  test("connections above max_connections are turned away", async () => {
    const tiny = await world.sluice({ account: [account(provider)], server: { max_connections: 3 } });
    const clients = [];
    for (let i = 0; i < 3; i += 1) {
      const client = await tiny.connect();
      await client.send(requestBytes({ method: "GET", path: "/health" })).answer().end;
      clients.push(client);
    }
    const above = await RawClient.connect(tiny.port);
    const answer = above.answer();
    above.send(requestBytes({ method: "GET", path: "/health" }));
    const status = await answer.head.then(
      (head) => head.status,
      () => "closed",
    );
    assert.ok(status === 503 || status === "closed", `${status}`);
    above.close();
    for (const client of clients) client.close();
  });
});
