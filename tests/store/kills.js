/// kill -9 at random moments of migrations and writes: what was committed is there, and nothing by halves.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Process } from "../lib/process.js";
import { randomFrom, seed } from "../lib/random.js";
import { delay } from "../lib/waiting.js";

const hammer = process.env.SLUICE_HAMMER;
const kills = Number(process.env.SLUICE_KILLS ?? 200);
const random = randomFrom(seed);

/// Starts a hammer, lets it work for a while (from "ready" on, where wanted), and kills it. Gives the last transaction that it
/// said was committed, and whether it had come so far as to be ready.
async function killed(where, ms, { ready = false } = {}) {
  const process = new Process(hammer, ["hammer", where]);
  if (ready) await process.printed(/^ready\n/, { stream: "stdout", ms: 30000 });
  await delay(ms);
  assert.equal(process.code, undefined, `the hammer ended by itself: ${process.stderr}`);
  process.signal("SIGKILL");
  await process.exited(20000);
  // The line of the last moment may be cut.
  const lines = process.stdout.split("\n").slice(0, -1);
  return { committed: Number(lines.slice(1).at(-1) ?? 0), ready: lines[0] === "ready" };
}

async function check(where, committed, moment) {
  const process = new Process(hammer, ["check", where, String(committed)]);
  const code = await process.exited(60000);
  assert.equal(code, 0, `${moment}: ${process.stdout}${process.stderr}`);
}

/// How long a hammer takes to open a new store.
async function timeToOpen(where) {
  const begin = performance.now();
  const process = new Process(hammer, ["hammer", where]);
  await process.printed(/^ready\n/, { stream: "stdout", ms: 30000 });
  const ms = performance.now() - begin;
  process.signal("SIGKILL");
  await process.exited(20000);
  return ms;
}

export function killTests(newStore) {
  test(`a store is whole after each of ${kills / 2} kills in its migrations`, { timeout: 300000 }, async () => {
    const opening = await timeToOpen(await newStore());
    let midway = 0;
    for (let kill = 0; kill < kills / 2; ++kill) {
      const where = await newStore();
      const ms = Math.floor(random() * opening);
      const { committed, ready } = await killed(where, ms);
      if (!ready) ++midway;
      await check(where, committed, `SEED=${seed}, kill ${kill} after ${ms} ms`);
    }
    assert.ok(midway > kills / 10, `only ${midway} kills came before the end of the migrations`);
  });

  test(`a store is whole after each of ${kills / 2} kills in its writes`, { timeout: 300000 }, async () => {
    const where = await newStore();
    let total = 0;
    for (let kill = 0; kill < kills / 2; ++kill) {
      const ms = Math.floor(random() * 60);
      const { committed } = await killed(where, ms, { ready: true });
      total = Math.max(total, committed);
      await check(where, total, `SEED=${seed}, kill ${kill} after ${ms} ms`);
    }
    assert.ok(total > kills, `only ${total} transactions came through`);
  });
}
