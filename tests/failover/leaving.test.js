/// What leaves an account alone, for whom, and what the others do meanwhile.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { messageRequest, stream } from "../lib/anthropic.js";
import { answers } from "../lib/scripted_provider.js";
import { account } from "../lib/sluice.js";
import { World } from "../lib/world.js";
import { tally } from "./crowd.js";
import { readLog } from "./log_reader.js";

const world = new World();
const good = (call) => call.send(answers.stream(stream()));

/// Two accounts; the preferred one answers as `script` says.
async function pair(script, more = {}) {
  const first = await world.provider(script);
  const second = await world.provider(good);
  const sluice = await world.sluice({
    account: [
      account(first, "first", { priority: 1, ...more }),
      account(second, "second", { priority: 2 }),
    ],
    relay: { keepalive_ms: 0 },
    log: { level: "info" },
  });
  const ask = async (model, text) => {
    const from = sluice.log.length;
    const answer = await sluice.messages(messageRequest({ model, text }));
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.text, stream());
    const line = await sluice.process.printed(/request\.settled .*\n/, { from });
    assert.match(line[0], /outcome=ok/);
  };
  const state = async (name) => {
    const metrics = await sluice.metrics();
    return metrics.samples
      .filter(({ name: of, labels, value }) => of === "sluice_account_state" && labels.account === name && value === 1)
      .map(({ labels }) => labels.state);
  };
  return { first, second, sluice, ask, state };
}

describe("a model that is overloaded", () => {
  for (const [how, script] of [
    ["by status 529", (call) => call.send(answers.error(529, "overloaded_error", "Overloaded"))],
    ["by a first event", (call) => call.send(answers.stream(`event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n`))],
  ]) {
    test(`${how} stops no other model of the account`, async () => {
      const { first, second, ask, state } = await pair((call) => (call.json.model === "claude-a" ? script(call) : good(call)));
      for (let i = 0; i < 6; i += 1) {
        await ask("claude-a", `a ${i}`);
        await ask("claude-b", `b ${i}`);
      }
      const models = (provider) => tally(provider.calls.map((call) => call.json.model));
      assert.deepEqual(models(first), { "claude-a": 1, "claude-b": 6 });
      assert.deepEqual(models(second), { "claude-a": 6 });
      assert.equal((await state("second")).join(), "ready");
    });
  }
});

describe("an account whose provider says", () => {
  for (const [what, status, type, message, expected] of [
    ["401", 401, "authentication_error", "invalid x-api-key", "unauthorized"],
    ["403", 403, "permission_error", "not allowed", "cooling"],
    ["that the organization is disabled", 403, "permission_error", "This organization has been disabled.", "blocked"],
    ["that its credit is used up", 400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API.", "cooling"],
    ["402", 402, "billing_error", "payment is due", "cooling"],
    // Limits are of a model here: the account itself goes on.
    ["429 until in an hour", 429, "rate_limit_error", "slow down", "ready"],
  ]) {
    test(`${what} is asked no more, and the other one goes on`, async () => {
      const told = status === 429 ? { "retry-after": "3600" } : {};
      const { first, second, sluice, ask, state } = await pair((call) => call.send(answers.error(status, type, message, told)));
      for (let i = 0; i < 5; i += 1) await ask("claude-a", `${what} ${i}`);
      assert.deepEqual([first.calls.length, second.calls.length], [1, 5]);
      assert.deepEqual(await state("first"), [expected]);
      assert.deepEqual(await state("second"), ["ready"]);
      const { failed } = await readLog(sluice, { requests: 5 });
      assert.equal(failed.length, 1);
      assert.equal(failed[0].status, `${status}`);
    });
  }

  test("429 of one model serves its others", async () => {
    const { first, ask } = await pair((call) =>
      call.json.model === "claude-a" ? call.send(answers.error(429, "rate_limit_error", "slow down")) : good(call),
    );
    for (let i = 0; i < 3; i += 1) {
      await ask("claude-a", `a ${i}`);
      await ask("claude-b", `b ${i}`);
    }
    assert.deepEqual(tally(first.calls.map((call) => call.json.model)), { "claude-a": 1, "claude-b": 3 });
  });
});

describe("what is the client's own fault", () => {
  test("hurts no account, however often it comes", async () => {
    const refuse = (call) => call.send(answers.error(400, "invalid_request_error", "messages: too few"));
    const { first, second, sluice, state } = await pair((call) => (call.json.model === "claude-a" ? refuse(call) : good(call)));
    for (let i = 0; i < 20; i += 1) {
      const answer = await sluice.messages(messageRequest({ model: "claude-a", text: `${i}` }));
      assert.equal(answer.status, 400);
      assert.equal(answer.json().error.message, "messages: too few");
    }
    assert.deepEqual([first.calls.length, second.calls.length], [20, 0]);
    assert.deepEqual(await state("first"), ["ready"]);
  });

  test("nor does counting tokens", async () => {
    const { first, second, sluice, state } = await pair((call) =>
      call.head.target.endsWith("/count_tokens") ? call.send(answers.error(500, "api_error", "no")) : good(call),
    );
    for (let i = 0; i < 6; i += 1) {
      await sluice.messages(messageRequest({ stream: false, text: `${i}` }), { path: "/v1/messages/count_tokens" });
    }
    assert.ok(first.calls.length >= 6);
    assert.deepEqual(await state("first"), ["ready"]);
    assert.equal((await sluice.messages(messageRequest())).status, 200);
    assert.equal(first.last.head.target, "/v1/messages");
    assert.ok(second.calls.every((call) => call.head.target.endsWith("/count_tokens")));
  });
});
