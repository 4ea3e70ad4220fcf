/// Requests that wait for an account: fair between keys, in order within one, told the truth, and gone when their clients go.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { messageRequest, stream } from "../lib/anthropic.js";
import { requestBytes } from "../lib/raw_client.js";
import { answers } from "../lib/scripted_provider.js";
import { account, messagesRequest } from "../lib/sluice.js";
import { eventually, patience } from "../lib/waiting.js";
import { World } from "../lib/world.js";
import { tally } from "./crowd.js";
import { Before } from "./left_behind.js";

const world = new World();
const keys = [
  { name: "light", secret: `sk-slc-${"1".repeat(43)}`, weight: 1 },
  { name: "heavy", secret: `sk-slc-${"3".repeat(43)}`, weight: 3 },
];

/// A provider with one account of one slot, which answers when it is told to.
async function narrow(relay = {}) {
  const held = [];
  const provider = await world.provider((call) => new Promise((resolve) => held.push({ call, resolve })));
  const sluice = await world.sluice({
    account: [account(provider, "narrow", { max_concurrency: 1 })],
    key: keys,
    relay: { keepalive_ms: 0, queue_timeout_ms: 60000, ...relay },
    log: { level: "info" },
  });
  const letGo = async () => {
    await eventually(() => held.length > 0, "a request is with the provider");
    const { call, resolve } = held.shift();
    await call.send(answers.stream(stream()));
    resolve();
    return call.json.messages[0].content;
  };
  return { provider, sluice, letGo };
}

/// A request that is in the line: what came before it is there already.
async function join(sluice, key, text) {
  const client = await sluice.connect();
  const answer = client.answer();
  client.send(requestBytes(messagesRequest(messageRequest({ text }), { "x-api-key": key.secret })));
  // An answer on another connection of the one I/O thread tells that this request was read before.
  await sluice.get("/health");
  return { client, answer };
}

describe("an account with one slot", () => {
  test("serves keys by their weights, and each key's requests in their order", async (t) => {
    const { provider, sluice, letGo } = await narrow();
    const nothing = await Before.take(sluice);
    const waiting = [await join(sluice, keys[0], "opening")];
    await eventually(() => provider.calls.length > 0, "the first one is with the provider");
    for (let i = 0; i < 24; i += 1)
      for (const key of keys) waiting.push(await join(sluice, key, `${key.name} ${i}`));
    await letGo();
    const order = [];
    for (let i = 0; i < 48; i += 1) order.push(await letGo());
    for (const { answer, client } of waiting) {
      assert.equal((await answer.head).status, 200);
      assert.ok((await answer.end).complete);
      client.close();
    }
    const early = tally(order.slice(0, 24).map((text) => text.split(" ")[0]));
    t.diagnostic(`of the first 24: ${JSON.stringify(early)}`);
    assert.ok(early.heavy >= 17 && early.heavy <= 19, `3 of 4: ${JSON.stringify(early)}`);
    for (const { name } of keys) {
      const own = order.filter((text) => text.startsWith(name));
      assert.deepEqual(own, own.map((_, i) => `${name} ${i}`), "first come, first served");
    }
    await nothing.isAllThereIs();
  });

  test("is waited for with comments, once the stream was begun early", async () => {
    const { provider, sluice, letGo } = await narrow({ early_head_ms: 50, keepalive_ms: 50 });
    const first = await join(sluice, keys[0], "first");
    await eventually(() => provider.calls.length > 0, "the first one is with the provider");
    const second = await join(sluice, keys[0], "second");
    await second.answer.body(/(:[^\n]*\n\n){3}/);
    assert.equal(provider.calls.length, 1, "it is still in the line");
    assert.equal((await second.answer.head).status, 200);
    await letGo();
    await letGo();
    for (const { answer, client } of [first, second]) {
      assert.ok((await answer.end).complete);
      assert.equal(answer.text.replaceAll(/^:.*\n\n/gm, ""), stream());
      client.close();
    }
  });

  test("is not waited for longer than queue_timeout_ms", async () => {
    const { provider, sluice, letGo } = await narrow({ queue_timeout_ms: 300 });
    const first = await join(sluice, keys[0], "first");
    await eventually(() => provider.calls.length > 0, "the first one is with the provider");
    const began = performance.now();
    const answer = await sluice.messages(messageRequest({ text: "second" }), { headers: { "x-api-key": keys[0].secret } });
    assert.ok(performance.now() - began >= 290);
    assert.equal(answer.status, 503);
    assert.equal(answer.head.get("x-sluice-error"), "no_account");
    assert.ok(Number(answer.head.get("retry-after")) >= 1);
    await letGo();
    assert.ok((await first.answer.end).complete);
    first.client.close();
  });

  test("tells at once when the wait would be longer, and how long", async (t) => {
    const each = 100;
    const provider = await world.provider(async (call) => {
      await new Promise((resolve) => setTimeout(resolve, each));
      await call.send(answers.stream(stream()));
    });
    const sluice = await world.sluice({
      account: [account(provider, "narrow", { max_concurrency: 1 })],
      key: keys,
      relay: { keepalive_ms: 0, queue_timeout_ms: 2000 },
      log: { level: "info" },
    });
    // 60 at 0.1 s each would take 6 s: those behind the first 20 or so are refused, as soon as the line's pace is known.
    const warm = Array.from({ length: 8 }, (_, i) => join(sluice, keys[0], `warm ${i}`));
    for (const one of warm) await (await one).answer.end;
    const began = performance.now();
    const seen = [];
    await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        const answer = await sluice.messages(messageRequest({ text: `${i}` }), { headers: { "x-api-key": keys[0].secret } });
        seen.push({ status: answer.status, after: performance.now() - began, told: answer.head.get("retry-after") });
      }),
    );
    const refused = seen.filter(({ status }) => status === 503);
    t.diagnostic(`${refused.length} of 60 refused, told ${JSON.stringify(tally(refused.map(({ told }) => told)))}`);
    assert.ok(refused.length >= 20, `${refused.length} refused`);
    const atOnce = refused.filter(({ after }) => after < 1000 * patience);
    assert.ok(atOnce.length >= refused.length / 2, `${atOnce.length} of ${refused.length} were told at once`);
    for (const { told } of atOnce) assert.ok(Number(told) >= 2 && Number(told) <= 8, `retry-after: ${told}`);
    assert.equal(seen.length - refused.length, tally(seen.map(({ status }) => status))[200]);
  });

  test("is not taken by clients that left the line", async () => {
    const { provider, sluice, letGo } = await narrow({ early_head_ms: 50, keepalive_ms: 50 });
    const nothing = await Before.take(sluice);
    const first = await join(sluice, keys[0], "first");
    await eventually(() => provider.calls.length > 0, "the first one is with the provider");
    const leaving = [];
    for (let i = 0; i < 20; i += 1) leaving.push(await join(sluice, keys[i % 2], `leaving ${i}`));
    const last = await join(sluice, keys[1], "last");
    for (const [i, { client }] of leaving.entries()) i % 2 ? client.close() : client.reset();
    await eventually(
      async () => (await sluice.metrics()).sum("sluice_requests_total", { outcome: "client_closed" }) === 20,
      "all twenty are settled",
    );
    assert.equal(await letGo(), "first");
    assert.equal(await letGo(), "last");
    for (const { answer, client } of [first, last]) {
      assert.ok((await answer.end).complete);
      client.close();
    }
    assert.equal(provider.calls.length, 2);
    await nothing.isAllThereIs();
  });

  test("goes on to the next when a client leaves just as its turn comes", async () => {
    const { provider, sluice, letGo } = await narrow();
    const nothing = await Before.take(sluice);
    for (let i = 0; i < 30; i += 1) {
      const front = await join(sluice, keys[0], `front ${i}`);
      await eventually(() => provider.last?.json.messages[0].content === `front ${i}`, "it has the slot");
      const second = await join(sluice, keys[1], `second ${i}`);
      const third = await join(sluice, keys[1], `third ${i}`);
      const done = letGo();
      second.client.reset();
      await done;
      // The second may have got through to the provider, or not; the third does in any case.
      while ((await letGo()) !== `third ${i}`);
      for (const { answer, client } of [front, third]) {
        assert.ok((await answer.end).complete);
        client.close();
      }
    }
    await nothing.isAllThereIs();
  });
});
