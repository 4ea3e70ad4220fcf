/// Of three accounts two fail, in every way: clients see none of it, no request is tried more often than it may be, and every
/// call of a provider is accounted for.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { messageRequest } from "../lib/anthropic.js";
import { randomFrom, seed } from "../lib/random.js";
import { account, messagesRequest } from "../lib/sluice.js";
import { growthMax, patience } from "../lib/waiting.js";
import { World } from "../lib/world.js";
import { isWholeEcho } from "./answers.js";
import { crowd, tally } from "./crowd.js";
import { Before } from "./left_behind.js";
import { callsByAccount, readLog } from "./log_reader.js";
import { measure, ways } from "./ways.js";

const world = new World();
const maxAttempts = 3;
const nobody = "http://127.0.0.1:1";
const names = Object.keys(ways);
const quick = names.filter((name) => !ways[name].slow);
const slow = names.filter((name) => ways[name].slow);
const random = randomFrom(seed);
const modelOf = (name) => `way-${names.indexOf(name).toString().padStart(2, "0")}`;
const textBytes = 60;
const pick = (list) => list[Math.floor(random() * list.length)];

/// All rules of resting, each `length` long.
const rests = (length) =>
  Object.fromEntries(
    ["unreachable", "server_error", "rate_limited", "overloaded", "quota", "forbidden", "unauthorized"].map((rule) => [
      rule,
      length,
    ]),
  );

let silent, sick, well, sizes;
before(async () => {
  [silent, sick, well] = await Promise.all([1, 2, 3].map(() => world.simulator()));
  sizes = await measure(sick, { model: modelOf(names[0]), text: "x".repeat(textBytes) });
});

/// An account whose key tells the simulator which one it is.
let accounts = 0;
function keyed(url, name, more) {
  const id = (accounts++).toString().padStart(4, "0");
  const api_key = `sk-ant-PROVIDERproviderPROVIDERprovider-${id}`;
  return { ...account({ url }, name, more), credential: { api_key }, id };
}

/// For each way a model of its own, which two accounts that fail and the good one serve. The second fails in the next way.
function stage({ sharing = "", cooling, priorities }) {
  const url = ({ at, list }) => {
    if (at === "nobody") return nobody;
    const fault = typeof list === "function" ? list(sizes) : list;
    return `${{ silent, sick }[at].url}/x-sim/echo,${fault}${at === "silent" ? "" : sharing}`;
  };
  const accounts = names.flatMap((name) => {
    const next = ways[name].slow ? "500" : quick[(quick.indexOf(name) + 1) % quick.length];
    return [name, next].map((way, place) =>
      keyed(url(ways[way]), `${place + 1}-${name}`, {
        models: [modelOf(name)],
        priority: priorities[place],
        ...(cooling ? { cooling } : {}),
      }),
    );
  });
  return [...accounts, keyed(`${well.url}/x-sim/echo`, "good", { priority: priorities[2] })];
}

/// How often each account's key was seen.
async function seenByProviders(accounts) {
  const seen = {};
  for (const simulator of [silent, sick, well]) {
    const { keys } = await (await fetch(`${simulator.url}/sim/stats`)).json();
    for (const { last4, requests } of keys) seen[last4] = (seen[last4] ?? 0) + requests;
  }
  return Object.fromEntries(
    accounts.filter(({ id }) => seen[id]).map(({ id, name }) => [name, seen[id]]),
  );
}

async function serves(config, count) {
  for (const simulator of [silent, sick, well]) await fetch(`${simulator.url}/sim/reset`, { method: "POST" });
  const accounts = stage(config);
  const sluice = await world.sluice({
    account: accounts.map(({ id, ...declared }) => declared),
    relay: {
      max_attempts: maxAttempts,
      keepalive_ms: 0,
      first_byte_timeout_ms: 1500 * patience,
      idle_timeout_ms: 1500 * patience,
    },
    log: { level: "info" },
  });
  const nothing = await Before.take(sluice);
  const memory = [];

  // Three rounds: what the last ones leave in memory, they have leaked.
  for (let round = 0; round < 3; round += 1) {
    const asked = [];
    await crowd(sluice.port, {
      clients: 48,
      count: Math.ceil(count / 3),
      ask: (i) => {
        const name = random() < 0.02 ? pick(slow) : pick(quick);
        const text = `${name} ${round} ${i} ${"and so on ".repeat(6)}`.slice(0, textBytes);
        const stream = random() < 0.8;
        asked[i] = { name, text, stream };
        const body = messageRequest({ model: modelOf(name), text, stream });
        return messagesRequest(body, { "x-request-id": `${round}-${i}` });
      },
      take: (answer, i) => isWholeEcho(answer, asked[i].text, asked[i].stream),
    });
    await nothing.isAllThereIs();
    memory.push(sluice.process.memory);
  }
  assert.ok(memory[2] - memory[1] < growthMax(8 << 20), `resident after each round: ${memory}`);

  const requests = 3 * Math.ceil(count / 3);
  const log = await readLog(sluice, { requests });
  const { settled, failed } = log;
  assert.equal(new Set(settled.map(({ client_request }) => client_request)).size, requests, "each is settled once");
  assert.deepEqual(tally(settled.map(({ outcome }) => outcome)), { ok: requests });
  const attempts = settled.map((line) => Number(line.attempts));
  assert.ok(Math.max(...attempts) <= maxAttempts, `${JSON.stringify(tally(attempts))}`);
  const sum = attempts.reduce((a, b) => a + b);
  assert.equal(failed.length, sum - requests, "each attempt that failed is told");

  const metrics = await sluice.metrics();
  assert.equal(metrics.sum("sluice_requests_total", { outcome: "ok" }), requests);
  assert.equal(metrics.sum("sluice_requests_total"), requests);
  assert.equal(metrics.sum("sluice_attempts_total"), sum);
  assert.equal(metrics.sum("sluice_attempts_total", { result: "ok" }), requests);

  // Where nobody listens, nobody counts.
  const refused = new Set(
    accounts.filter(({ base_url }) => base_url === nobody).map(({ name }) => name),
  );
  const called = Object.fromEntries(
    Object.entries(callsByAccount(log)).filter(([name]) => !refused.has(name)),
  );
  assert.deepEqual(called, await seenByProviders(accounts), "what we count is what providers were asked");
  return { attempts: tally(attempts), failed };
}

describe(`two of three accounts fail in ${names.length} ways (SEED=${seed})`, () => {
  test("that never rest: every request meets one", async (t) => {
    const { attempts, failed } = await serves({ cooling: rests("0"), priorities: [1, 2, 3] }, 4200);
    t.diagnostic(`attempts: ${JSON.stringify(attempts)}`);
    assert.ok(failed.length > 3000, `${failed.length} attempts failed`);
    assert.equal(new Set(failed.map(({ account }) => account)).size, 2 * names.length, "all fail");
  });

  test("half of the time, resting as is usual", async (t) => {
    const { attempts, failed } = await serves({ sharing: ",n_of=1:2", priorities: [10, 10, 10] }, 3000);
    t.diagnostic(`attempts: ${JSON.stringify(attempts)}`);
    assert.ok(failed.length > 50, `${failed.length} attempts failed`);
  });

  test("half of the time, and rest so shortly that they are tried out again and again", async (t) => {
    const cooling = rests("1s");
    const { attempts, failed } = await serves({ sharing: ",n_of=1:2", cooling, priorities: [10, 10, 10] }, 3000);
    t.diagnostic(`attempts: ${JSON.stringify(attempts)}`);
    assert.ok(failed.length > 300, `${failed.length} attempts failed`);
  });
});
