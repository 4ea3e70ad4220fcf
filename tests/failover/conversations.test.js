/// Where conversations are: each stays where its cache is, all accounts have their share, and only who has to moves.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { messageRequest } from "../lib/anthropic.js";
import { account, defaultKey, messagesRequest } from "../lib/sluice.js";
import { World } from "../lib/world.js";
import { crowd, tally } from "./crowd.js";
import { readLog } from "./log_reader.js";

const world = new World();
const log = { level: "info" };
const relay = { keepalive_ms: 0 };

/// `user_id` as Claude Code writes it: the n-th session of one and the same person.
function sessionOf(n) {
  const uuid = `${n.toString(16).padStart(8, "0")}-0000-4000-8000-${(n * 7919).toString(16).padStart(12, "0")}`;
  return { user_id: `user_${"ab".repeat(32)}_account_00000000-0000-4000-8000-000000000000_session_${uuid}` };
}

/// One turn of each of `sessions`; the account that served each.
async function turn(sluice, name, sessions, ask) {
  const from = sluice.log.length;
  await crowd(sluice.port, {
    clients: 24,
    count: sessions,
    ask: (i) => {
      const { body, headers = {} } = ask(i);
      return messagesRequest(body, { ...headers, "x-request-id": `${name} ${i}` });
    },
    take: (answer, i) => assert.equal(answer.status, 200, `${name} ${i}: ${answer.text}`),
  });
  const served = [];
  const { settled } = await readLog(sluice, { requests: sessions, from });
  for (const { client_request, account } of settled)
    served[Number(client_request.split(" ").at(-1))] = account;
  assert.equal(served.filter(Boolean).length, sessions, "each is in the log");
  return served;
}

const explicit = (turns) => (i) => ({
  body: messageRequest({
    metadata: sessionOf(i),
    stream: true,
    messages: Array.from({ length: 2 * turns - 1 }, (_, n) => ({
      role: n % 2 ? "assistant" : "user",
      content: `word ${n} of ${i}`,
    })),
  }),
});

/// The shares of `counts` in relation to what `weights` say.
function offBy(counts, weights) {
  const all = Object.values(counts).reduce((a, b) => a + b);
  const weight = Object.values(weights).reduce((a, b) => a + b);
  return Object.entries(weights).map(([name, one]) => (counts[name] ?? 0) / ((all * one) / weight) - 1);
}

describe("1,000 sessions over 10 accounts", () => {
  const sessions = 1000;
  const names = Array.from({ length: 10 }, (_, i) => `account-${i}`);

  test("each stays where it is, and all have their share; when one account dies, only its own move", async (t) => {
    const simulator = await world.simulator();
    const mortal = await world.simulator();
    const url = (name) => ({ url: `${(name === "account-4" ? mortal : simulator).url}/x-sim/events=2` });
    const sluice = await world.sluice({ account: names.map((name) => account(url(name), name)), relay, log });

    const first = await turn(sluice, "first", sessions, explicit(1));
    assert.deepEqual(await turn(sluice, "second", sessions, explicit(2)), first);
    assert.deepEqual(await turn(sluice, "third", sessions, explicit(3)), first);
    const counts = tally(first);
    const off = offBy(counts, Object.fromEntries(names.map((name) => [name, 1])));
    t.diagnostic(`${JSON.stringify(counts)}`);
    assert.ok(Math.max(...off.map(Math.abs)) <= 0.25, `${JSON.stringify(counts)}`);

    await mortal.process.stop();
    const fourth = await turn(sluice, "fourth", sessions, explicit(4));
    const moved = first.map((_, i) => i).filter((i) => fourth[i] !== first[i]);
    assert.deepEqual(tally(moved.map((i) => first[i])), { "account-4": counts["account-4"] });
    assert.ok(new Set(moved.map((i) => fourth[i])).size > 5, "they spread");
    assert.deepEqual(await turn(sluice, "fifth", sessions, explicit(5)), fourth, "and stay again");
    // One failure is one more attempt; from the third on nobody asks.
    const retried = (await readLog(sluice)).settled.filter(({ attempts }) => attempts !== "1");
    assert.ok(retried.length >= 3 && retried.length <= 3 + 24, `${retried.length} requests met the dead account`);
  });

  test("by weights of 1, 2 and 3", async (t) => {
    const simulator = await world.simulator();
    const weights = Object.fromEntries(names.map((name, i) => [name, 1 + (i % 3)]));
    const sluice = await world.sluice({
      account: names.map((name) => account({ url: `${simulator.url}/x-sim/events=2` }, name, { weight: weights[name] })),
      relay,
      log,
    });
    const first = await turn(sluice, "first", sessions, explicit(1));
    assert.deepEqual(await turn(sluice, "second", sessions, explicit(2)), first);
    const counts = tally(first);
    t.diagnostic(`${JSON.stringify(counts)} for ${JSON.stringify(weights)}`);
    assert.ok(Math.max(...offBy(counts, weights).map(Math.abs)) <= 0.25, `${JSON.stringify(counts)}`);
  });

  test("without a session of their own: what they began with tells them apart, and keeps them together", async () => {
    const simulator = await world.simulator();
    const sluice = await world.sluice({
      account: names.map((name) => account({ url: `${simulator.url}/x-sim/events=2` }, name)),
      relay,
      log,
    });
    const system = "You are a helpful assistant. ".repeat(20);
    const untold = (turns) => (i) => {
      const { body } = explicit(turns)(i);
      delete body.metadata;
      return { body: { ...body, system } };
    };
    const first = await turn(sluice, "first", 300, untold(1));
    assert.deepEqual(await turn(sluice, "second", 300, untold(2)), first);
    assert.deepEqual(await turn(sluice, "third", 300, untold(3)), first);
    assert.equal(new Set(first).size, 10, "one system prompt doesn't tie them together");
  });

  test("people with the same words on keys of their own needn't share an account", async () => {
    const simulator = await world.simulator();
    const keys = Array.from({ length: 24 }, (_, i) => ({ name: `key-${i}`, secret: `sk-slc-${i.toString().padStart(43, "k")}` }));
    const sluice = await world.sluice({
      account: names.map((name) => account({ url: `${simulator.url}/x-sim/events=2` }, name)),
      key: [defaultKey, ...keys],
      relay,
      log,
    });
    const same = (i) => ({
      body: messageRequest({ system: "You are a helpful assistant.", text: "hello" }),
      headers: { "x-api-key": keys[i].secret },
    });
    const first = await turn(sluice, "first", keys.length, same);
    assert.ok(new Set(first).size >= 5, `${JSON.stringify(tally(first))}`);
    assert.deepEqual(await turn(sluice, "second", keys.length, same), first);
  });

  test("are told by headers too", async () => {
    const simulator = await world.simulator();
    const sluice = await world.sluice({
      account: names.map((name) => account({ url: `${simulator.url}/x-sim/events=2` }, name)),
      relay,
      log,
    });
    for (const header of ["x-session-id", "x-claude-code-session-id"]) {
      const told = (words) => (i) => ({
        body: messageRequest({ text: `${words} ${header}` }),
        headers: { [header]: `s-${i}` },
      });
      const first = await turn(sluice, "first", 60, told("one thing"));
      assert.deepEqual(await turn(sluice, "second", 60, told("quite another thing")), first);
      assert.ok(new Set(first).size >= 8);
    }
  });
});
