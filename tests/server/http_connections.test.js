/// HTTP/1.1 towards clients: their connections.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { message, messageRequest, stream } from "../lib/anthropic.js";
import { request, requestBytes } from "../lib/raw_client.js";
import { answers } from "../lib/scripted_provider.js";
import { account, clientSecret, messagesRequest } from "../lib/sluice.js";
import { World } from "../lib/world.js";

const world = new World();
let provider, sluice;

before(async () => {
  provider = await world.provider((call) =>
    call.send(
      call.json.stream
        ? answers.stream(stream())
        : answers.json(200, message({ text: call.json.messages?.[0]?.content })),
    ),
  );
  sluice = await world.sluice({ account: [account(provider)], server: { keepalive_idle_ms: 600 } });
});

const small = (text = "hi", more = {}) => messagesRequest(messageRequest({ stream: false, text }), more);

describe("connections", () => {
  test("stay open for the next request", async () => {
    const client = await sluice.connect();
    for (let i = 0; i < 5; i += 1) {
      const answer = client
        .send(requestBytes(i % 2 ? small(`n${i}`) : messagesRequest(messageRequest())))
        .answer();
      assert.equal((await answer.head).status, 200);
      assert.ok((await answer.end).complete);
    }
    client.close();
  });

  test("answer pipelined requests in their order", async () => {
    const client = await sluice.connect();
    const texts = Array.from({ length: 10 }, (_, i) => `number ${i}`);
    client.send(Buffer.concat(texts.map((text) => requestBytes(small(text)))));
    for (const text of texts) {
      const answer = client.answer();
      await answer.end;
      assert.equal(JSON.parse(answer.text).content[0].text, text);
    }
    client.close();
  });

  test("take a request that comes byte by byte", async () => {
    const client = await sluice.connect();
    const answer = client.answer();
    for (const byte of requestBytes(small())) client.send(Buffer.from([byte]));
    await answer.end;
    client.close();
    assert.equal(answer.reader.head.status, 200);
  });

  test("close when the client asks for it", async () => {
    const client = await sluice.connect();
    const answer = client.answer();
    client.send(requestBytes(small("hi", { connection: "close" })));
    await answer.end;
    assert.equal(answer.reader.head.get("connection"), "close");
    assert.equal(await client.closed, "end");
    client.close();
  });

  test("of HTTP/1.0 get an answer without chunks, and close", async () => {
    for (const body of [messageRequest({ stream: false }), messageRequest()]) {
      const answer = await request(sluice.port, { ...messagesRequest(body), version: "1.0" });
      assert.equal(answer.status, 200);
      assert.ok(!answer.head.has("transfer-encoding"));
      assert.ok(answer.complete);
      if (body.stream) assert.equal(answer.text, stream());
    }
  });

  test("that are idle are closed without a word", async () => {
    const client = await sluice.connect();
    client.send(requestBytes({ method: "GET", path: "/health" }));
    await client.answer().end;
    assert.equal(await client.closed, "end");
    client.close();
  });
});

describe("Expect: 100-continue", () => {
  test("invites the body", async () => {
    const { body, ...head } = small();
    const content = Buffer.from(JSON.stringify(body));
    const client = await sluice.connect();
    const answer = client.answer();
    client.send(
      requestBytes({
        ...head,
        headers: { ...head.headers, "content-length": content.length, expect: "100-continue" },
      }),
    );
    await answer.body((so) => so.reader.interim.length === 1);
    client.send(content);
    assert.equal((await answer.head).status, 200);
    await answer.end;
    assert.equal(answer.reader.interim.length, 1);
    client.close();
  });

  test("is refused before the body where the request is refused anyway", async () => {
    const client = await sluice.connect();
    const answer = client.answer();
    client.send(
      requestBytes({
        method: "POST",
        path: "/v1/messages",
        headers: { "x-api-key": clientSecret, "content-length": 1 << 30, expect: "100-continue" },
      }),
    );
    assert.equal((await answer.head).status, 413);
    assert.equal(answer.reader.interim.length, 0);
    client.close();
  });

  test("with anything else is a 417", async () => {
    const answer = await request(sluice.port, small("hi", { expect: "200-maybe" }));
    assert.equal(answer.status, 417);
  });
});
