/// A provider that is killed: what had begun ends in an error, what had not goes elsewhere.

import assert from "node:assert/strict";
import { test } from "node:test";

import { messageRequest } from "../lib/anthropic.js";
import { requestBytes } from "../lib/raw_client.js";
import { account, messagesRequest } from "../lib/sluice.js";
import { eventually, patience } from "../lib/waiting.js";
import { World } from "../lib/world.js";
import { Before } from "./left_behind.js";
import { readLog } from "./log_reader.js";

const world = new World();
const statsOf = async (simulator) => (await fetch(`${simulator.url}/sim/stats`)).json();

/// `count` streams on their way; those of `text` begin with it.
async function open(sluice, count, text) {
  const streams = [];
  for (let i = 0; i < count; i += 1) {
    const client = await sluice.connect();
    const answer = client.answer();
    client.send(requestBytes(messagesRequest(messageRequest({ text: `${text} ${i}` }))));
    streams.push({ client, answer });
  }
  return streams;
}

/// A server whose preferred account is at a simulator that can be killed, and its other one at a healthy one.
async function stage(list) {
  const mortal = await world.simulator();
  const well = await world.simulator();
  const sluice = await world.sluice({
    account: [
      account({ url: `${mortal.url}/x-sim/${list}` }, "mortal", { priority: 1 }),
      account({ url: `${well.url}/x-sim/events=5` }, "well", { priority: 2 }),
    ],
    relay: { keepalive_ms: 0 },
    log: { level: "info" },
  });
  const nothing = await Before.take(sluice);
  const kill = async () => {
    mortal.process.signal("SIGKILL");
    await mortal.process.exited();
  };
  return { mortal, well, sluice, nothing, kill };
}

test("kill -9 within streams: each ends with an error, none goes on elsewhere", async () => {
  const { well, sluice, nothing, kill } = await stage("events=60,rate=20");
  const streams = await open(sluice, 40, "within");
  for (const { answer } of streams) await answer.body(/content_block_delta/);
  await kill();
  for (const { answer, client } of streams) {
    assert.equal((await answer.head).status, 200);
    assert.equal((await answer.end).complete, false);
    assert.match(answer.text, /\nevent: error\ndata: .*\n\n$/);
    assert.equal(answer.text.match(/event: message_start/g).length, 1);
    assert.ok(!answer.text.includes("message_stop"));
    client.close();
  }
  assert.equal((await statsOf(well)).requests, 0);
  await nothing.isAllThereIs();
  const { settled } = await readLog(sluice, { requests: 40 });
  assert.ok(settled.every(({ attempts, outcome }) => attempts === "1" && outcome === "upstream_cut"));

  // The next ones find it dead, and are served.
  const next = await open(sluice, 10, "next");
  for (const { answer, client } of next) {
    assert.ok((await answer.end).complete);
    assert.match(answer.text, /event: message_stop\n.*\n\n$/);
    client.close();
  }
  assert.equal((await statsOf(well)).requests, 10);
  await nothing.isAllThereIs();
});

test("kill -9 before the first output: all are served by the other account", async () => {
  const { mortal, well, sluice, nothing, kill } = await stage("first_ms=60000");
  const streams = await open(sluice, 40, "before");
  await eventually(async () => (await statsOf(mortal)).requests_in_flight === 40, "all wait for it", 5000 * patience);
  await kill();
  for (const { answer, client } of streams) {
    assert.equal((await answer.head).status, 200);
    assert.ok((await answer.end).complete);
    assert.equal(answer.text.match(/event: message_start/g).length, 1);
    assert.match(answer.text, /event: message_stop\n.*\n\n$/);
    client.close();
  }
  assert.equal((await statsOf(well)).requests, 40);
  const { settled } = await readLog(sluice, { requests: 40 });
  assert.ok(settled.every(({ attempts, outcome }) => attempts === "2" && outcome === "ok"));
  await nothing.isAllThereIs();
});

test("kill -9 within the preamble: what was held back is never seen", async () => {
  // Silent behind message_start, which is all that came.
  const { mortal, well, sluice, nothing, kill } = await stage("stall_at=1430");
  const streams = await open(sluice, 40, "preamble");
  await eventually(async () => (await statsOf(mortal)).requests_in_flight === 40, "all wait for it", 5000 * patience);
  await kill();
  for (const { answer, client } of streams) {
    assert.ok((await answer.end).complete);
    assert.equal(answer.text.match(/event: message_start/g).length, 1);
    assert.match(answer.text, /event: message_stop\n.*\n\n$/);
    client.close();
  }
  assert.equal((await statsOf(well)).requests, 40);
  await nothing.isAllThereIs();
});
