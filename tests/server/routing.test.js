/// Which account serves a request, and what happens when it can't.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { message, messageRequest, stream, streamEvents } from "../lib/anthropic.js";
import { requestBytes } from "../lib/raw_client.js";
import { answers } from "../lib/scripted_provider.js";
import { account, messagesRequest } from "../lib/sluice.js";
import { eventually } from "../lib/waiting.js";
import { World } from "../lib/world.js";

const world = new World();
const events = streamEvents();
const good = (call) => call.send(answers.stream(stream()));
const refusing = (status, type, fields) => (call) => call.send(answers.error(status, type, "no", fields));

/// A server with two accounts, one provider each; `first` is preferred.
async function pair(firstScript, secondScript, { relay = {}, first = {}, second = {} } = {}) {
  const a = await world.provider(firstScript);
  const b = await world.provider(secondScript);
  const sluice = await world.sluice({
    account: [
      account(a, "first", { priority: 1, ...first }),
      account(b, "second", { priority: 2, ...second }),
    ],
    relay: { keepalive_ms: 0, ...relay },
  });
  return { a, b, sluice };
}

describe("the choice", () => {
  test("is the best priority", async () => {
    const { a, b, sluice } = await pair(good, good);
    for (let i = 0; i < 5; i += 1)
      assert.equal((await sluice.messages(messageRequest({ text: `${i}` }))).status, 200);
    assert.deepEqual([a.calls.length, b.calls.length], [5, 0]);
  });

  test("falls to the next class when the best is full", async () => {
    const { a, b, sluice } = await pair(() => {}, good, { first: { max_concurrency: 1 } });
    const client = await sluice.connect();
    client.send(requestBytes(messagesRequest(messageRequest())));
    await a.next();
    assert.equal((await sluice.messages(messageRequest({ text: "other" }))).status, 200);
    assert.deepEqual([a.calls.length, b.calls.length], [1, 1]);
    client.close();
  });

  test("spreads conversations over equals", async () => {
    const { a, b, sluice } = await pair(
      () => {},
      () => {},
      { first: { priority: 5 }, second: { priority: 5 } },
    );
    const clients = [];
    const many = 40;
    for (let i = 0; i < many; i += 1) {
      const client = await sluice.connect();
      clients.push(client);
      // It has no beginning by which a conversation could be told.
      client.send(requestBytes(messagesRequest(messageRequest({ messages: [] }))));
      await eventually(() => a.calls.length + b.calls.length === i + 1, "the request arrives");
    }
    for (const client of clients) client.close();
    // Nobody has more than a share, a twentieth and three.
    for (const { calls } of [a, b]) assert.ok(calls.length <= (many / 2) * 1.05 + 3, `${calls.length}`);
  });

  test("spreads conversations over equals", async () => {
    const { a, b, sluice } = await pair(good, good, { first: { priority: 5 }, second: { priority: 5 } });
    for (let i = 0; i < 60; i += 1) await sluice.messages(messageRequest({ text: `conversation ${i}` }));
    assert.ok(Math.abs(a.calls.length - b.calls.length) <= 15, `${a.calls.length} and ${b.calls.length}`);
  });

  test("is among those that serve the model", async () => {
    const { a, b, sluice } = await pair(good, good, {
      first: { models: ["claude-a*"] },
      second: { models: ["claude-b*", "x"] },
    });
    assert.equal((await sluice.messages(messageRequest({ model: "claude-b-1" }))).status, 200);
    assert.equal((await sluice.messages(messageRequest({ model: "claude-a-1" }))).status, 200);
    assert.deepEqual([a.last.json.model, b.last.json.model], ["claude-a-1", "claude-b-1"]);
    const nobody = await sluice.messages(messageRequest({ model: "claude-c" }));
    assert.ok([404, 503].includes(nobody.status), `${nobody.status}`);
    assert.ok(nobody.head.has("x-sluice-error"));
  });

  test("keeps a conversation on its account", async () => {
    const { a, b, sluice } = await pair(good, good, { first: { priority: 5 }, second: { priority: 5 } });
    for (let i = 0; i < 6; i += 1)
      await sluice.messages(messageRequest({ text: "the same", metadata: { user_id: "user_1_session_7" } }));
    assert.equal(Math.max(a.calls.length, b.calls.length), 6, `${a.calls.length} and ${b.calls.length}`);
  });
});

describe("model_map", () => {
  test("changes the model's name and not one byte more", async () => {
    const provider = await world.provider((call) => call.send(answers.json(200, message())));
    const sluice = await world.sluice({
      account: [
        account(provider, "main", {
          model_map: { sonnet: "claude-sonnet-4-5-long-name", "claude-very-long-name": "c" },
        }),
      ],
    });
    const body = (model) =>
      ` {"max_tokens":  1, "messages":[{"role":"user","content":"model\\u0022sonnet"}],\n\t"model"  :  "${model}" ,"x":{"model":"sonnet"}} \n`;
    for (const [from, to] of [
      ["sonnet", "claude-sonnet-4-5-long-name"],
      ["claude-very-long-name", "c"],
      ["other", "other"],
    ]) {
      const answer = await sluice.messages(body(from));
      assert.equal(answer.status, 200, answer.text);
      assert.equal(provider.last.body.toString(), body(to));
    }
  });
});

describe("a failure", () => {
  test("of a request that is wrong everywhere goes to no second account", async () => {
    for (const [status, type] of [
      [400, "invalid_request_error"],
      [404, "not_found_error"],
      [413, "request_too_large"],
      [422, "invalid_request_error"],
    ]) {
      const { a, b, sluice } = await pair(refusing(status, type), good);
      assert.equal((await sluice.messages(messageRequest())).status, status);
      assert.deepEqual([a.calls.length, b.calls.length], [1, 0]);
    }
  });

  test("goes to no second account after the first content", async () => {
    const { b, sluice } = await pair(async (call) => {
      await call.sendPieces([answers.streamHead(), answers.chunk(events.preamble + events.content)]);
      call.end();
    }, good);
    const answer = await sluice.messages(messageRequest());
    assert.equal(answer.status, 200);
    assert.ok(!answer.complete);
    assert.equal(b.calls.length, 0);
  });

  test("to connect is a 502", async () => {
    const { a, b, sluice } = await pair(null, null, { relay: { max_attempts: 2 } });
    await a.stop();
    await b.stop();
    const answer = await sluice.messages(messageRequest());
    assert.equal(answer.status, 502);
    assert.equal(answer.head.get("x-sluice-error"), "upstream_unreachable");
  });
});

describe("connections to a provider", () => {
  let provider, sluice;
  before(async () => {
    provider = await world.provider(good);
    sluice = await world.sluice({
      account: [account(provider)],
      relay: { keepalive_ms: 0, max_attempts: 1 },
    });
  });

  test("are kept for the next request", async () => {
    for (let i = 0; i < 5; i += 1) assert.equal((await sluice.messages(messageRequest())).status, 200);
    assert.equal(provider.connections.length, 1);
  });

  test("that the provider closed meanwhile cost the client nothing", async () => {
    for (const close of ["end", "destroy", "resetAndDestroy"]) {
      provider.connections.at(-1).socket[close]();
      const answer = await sluice.messages(messageRequest());
      assert.equal(answer.status, 200, close);
    }
  });

  test("that the provider closes just as the next request arrives cost the client nothing", async () => {
    for (const die of ["end", "reset"]) {
      assert.equal((await sluice.messages(messageRequest())).status, 200);
      let fresh = false;
      provider.script = (call) => {
        if (fresh) return good(call);
        fresh = true;
        return call[die]();
      };
      const answer = await sluice.messages(messageRequest());
      assert.equal(answer.status, 200, `${die}: ${answer.text}`);
      provider.script = good;
    }
  });
});

test("queue_timeout_ms waits for a slot", async () => {
  let release;
  const provider = await world.provider(async (call) => {
    if (!release) await new Promise((resolve) => (release = resolve));
    await good(call);
  });
  const sluice = await world.sluice({
    account: [account(provider, "main", { max_concurrency: 1 })],
    relay: { queue_timeout_ms: 5000 },
  });
  const first = sluice.messages(messageRequest());
  await eventually(() => release, "the first request arrives");
  const second = sluice.messages(messageRequest());
  await eventually(
    async () => (await sluice.metrics()).sum("sluice_account_in_flight") === 1,
    "one is in flight",
  );
  release();
  for (const answer of await Promise.all([first, second])) assert.equal(answer.status, 200);
});
