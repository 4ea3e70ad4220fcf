/// Nobody is there to answer: what clients ask doesn't multiply, and what comes back is found at once.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { messageRequest, stream } from "../lib/anthropic.js";
import { answers } from "../lib/scripted_provider.js";
import { account, messagesRequest } from "../lib/sluice.js";
import { delay, eventually, patience } from "../lib/waiting.js";
import { World } from "../lib/world.js";
import { crowd, tally } from "./crowd.js";
import { Before } from "./left_behind.js";

const world = new World();
const storm = { clients: 100, count: 2000 };
/// What the retry budget allows beyond the clients' own load: a fifth, and a reserve that refills with one a second.
const loadMax = (requests, seconds) => requests * 1.2 + 10 + Math.ceil(seconds);
const unavailable = (call) => call.send(answers.error(503, "api_error", "down"));
const good = (call) => call.send(answers.stream(stream()));
const relay = { keepalive_ms: 0, max_attempts: 3 };
const log = { level: "info" };

/// Three accounts at one provider.
const trio = (provider, more = {}) => [1, 2, 3].map((i) => account(provider, `a${i}`, more));

/// The storm, and how it went: `{statuses, seconds, retryAfter}`.
async function rages(sluice, count = storm.count) {
  const statuses = [];
  const refused = [];
  const began = performance.now();
  await crowd(sluice.port, {
    ...storm,
    count,
    ask: (i) => messagesRequest(messageRequest({ text: `storm ${i}` })),
    take: (answer) => {
      statuses.push(answer.status);
      assert.ok(answer.complete);
      if (answer.head.get("x-sluice-error") === "no_account") refused.push(answer);
    },
  });
  return { statuses: tally(statuses), refused, seconds: (performance.now() - began) / 1000 };
}

/// One request that finds each account failing: what the first retries find out is no guess yet.
async function knock(sluice) {
  assert.notEqual((await sluice.messages(messageRequest({ text: "knock" }))).status, 200);
}

const attemptsOf = async (sluice) => (await sluice.metrics()).sum("sluice_attempts_total");

describe("all accounts down", () => {
  test("with 503s, and never resting: the load is the clients' own and a fifth", async (t) => {
    const provider = await world.provider(unavailable);
    const cooling = { server_error: "0", overloaded: "0" };
    const sluice = await world.sluice({ account: trio(provider, { cooling }), relay, log });
    const nothing = await Before.take(sluice);
    await knock(sluice);
    const before = provider.calls.length;
    const { statuses, seconds } = await rages(sluice);
    const calls = provider.calls.length - before;
    t.diagnostic(`${calls} calls for ${storm.count} requests in ${seconds.toFixed(1)} s`);
    assert.deepEqual(statuses, { 503: storm.count }, "the provider's own answer is the most telling");
    assert.ok(calls >= storm.count);
    assert.ok(calls <= loadMax(storm.count, seconds), `${calls} calls`);
    assert.equal(await attemptsOf(sluice), provider.calls.length);
    await nothing.isAllThereIs();

    // Where nothing rests the way back is open at once.
    provider.script = good;
    const down = provider.calls.length;
    assert.deepEqual((await rages(sluice, 200)).statuses, { 200: 200 });
    assert.equal(provider.calls.length - down, 200);
  });

  test("with 503s, resting as is usual: hardly anybody asks any more", async (t) => {
    const provider = await world.provider(unavailable);
    const sluice = await world.sluice({ account: trio(provider), relay, log });
    const { statuses, refused, seconds } = await rages(sluice);
    t.diagnostic(`${provider.calls.length} calls for ${storm.count} requests in ${seconds.toFixed(1)} s`);
    assert.deepEqual(statuses, { 503: storm.count });
    // Those that were on their way when the rests began, and what they tried again.
    assert.ok(provider.calls.length <= loadMax(storm.clients, seconds) + 10, `${provider.calls.length} calls`);
    assert.ok(refused.length > storm.count / 2);
    for (const { head } of refused) {
      const wait = Number(head.get("retry-after"));
      assert.ok(wait >= 1 && wait <= 34, `retry-after: ${wait}, of rests of 30 s and a tenth`);
    }
  });

  test("with refused connections, and never resting", async (t) => {
    const simulator = await world.simulator();
    const cooling = { unreachable: "0", server_error: "0" };
    const sluice = await world.sluice({ account: trio(simulator, { cooling }), relay, log });
    const nothing = await Before.take(sluice);
    await simulator.stop();
    await knock(sluice);
    const before = await attemptsOf(sluice);
    const { statuses, seconds } = await rages(sluice);
    const calls = (await attemptsOf(sluice)) - before;
    t.diagnostic(`${calls} calls for ${storm.count} requests in ${seconds.toFixed(1)} s`);
    assert.deepEqual(statuses, { 502: storm.count });
    assert.ok(calls >= storm.count);
    assert.ok(calls <= loadMax(storm.count, seconds), `${calls} calls`);
    assert.equal((await sluice.metrics()).sum("sluice_attempts_total", { result: "connect_failed" }), before + calls);
    await nothing.isAllThereIs();
  });
});

describe("a provider that comes back", () => {
  for (const [how, rule] of [
    ["503s", "server_error"],
    ["529s", "overloaded"],
    ["429s", "rate_limited"],
  ]) {
    test(`from ${how} is found by one probe`, async (t) => {
      let calls = [];
      const down = { "503s": unavailable, "529s": (call) => call.send(answers.error(529, "overloaded_error")), "429s": (call) => call.send(answers.error(429, "rate_limit_error")) }[how];
      const provider = await world.provider(down);
      const sluice = await world.sluice({ account: [account(provider, "only", { cooling: { [rule]: "1s" } })], relay, log });
      const nothing = await Before.take(sluice);

      // Clients that come again and again, through the failure and beyond.
      let over = false;
      const seen = [];
      const clients = Array.from({ length: 20 }, async (_, i) => {
        while (!over) {
          const sent = performance.now();
          const answer = await sluice.messages(messageRequest({ text: `client ${i}` }));
          seen.push({ sent, ended: performance.now(), status: answer.status });
          await delay(10);
        }
      });
      await eventually(() => seen.filter(({ status }) => status !== 200).length > 100, "the failure is felt", 10000 * patience);

      // A probe that fails while the provider is still down makes the rest longer: the way back begins with one that doesn't.
      provider.script = (call) => {
        calls.push(performance.now());
        return good(call);
      };
      await eventually(() => seen.filter(({ status }) => status === 200).length > 100, "it is well again", 10000 * patience);
      over = true;
      await Promise.all(clients);
      const recovered = Math.min(...seen.filter(({ status }) => status === 200).map(({ ended }) => ended));
      const late = seen.filter(({ sent, status }) => sent > recovered && status !== 200);
      assert.deepEqual(late, [], "after the first good answer there is no bad one");
      const before = calls.filter((at) => at < recovered).length;
      t.diagnostic(`${before} calls until the first good answer was there`);
      assert.ok(before >= 1);
      await nothing.isAllThereIs();
    });
  }

  test("by which one request finds out, while the others wait for it", async () => {
    let release;
    const provider = await world.provider(unavailable);
    const sluice = await world.sluice({
      account: [account(provider, "only", { cooling: { server_error: "1s" } })],
      relay: { ...relay, max_attempts: 1 },
      log,
    });
    for (let i = 0; i < 3; i += 1) await sluice.messages(messageRequest({ text: `down ${i}` }));
    const refused = await sluice.messages(messageRequest());
    assert.equal(refused.head.get("x-sluice-error"), "no_account");

    provider.script = async (call) => {
      if (!release) await new Promise((resolve) => (release = resolve));
      await good(call);
    };
    const calls = provider.calls.length;
    await eventually(async () => {
      if (release) return true;
      // Not awaited: the one that gets through hangs until it is released.
      sluice.messages(messageRequest({ text: "first" })).catch(() => {});
      await delay(20);
      return false;
    }, "a request gets through after the rest", 5000 * patience);
    const others = Array.from({ length: 20 }, (_, i) => sluice.messages(messageRequest({ text: `other ${i}` })));
    await eventually(async () => (await sluice.metrics()).sum("sluice_account_in_flight") === 1, "one is in flight");
    assert.equal(provider.calls.length - calls, 1, "one finds out");
    release();
    assert.deepEqual(tally((await Promise.all(others)).map(({ status }) => status)), { 200: 20 });
    
  });
});
