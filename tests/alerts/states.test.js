/// Accounts at a provider that refuses them: what the command line, the admin API, the metrics and a webhook tell of them, over
/// lifts and restarts.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { messageRequest } from "../lib/anthropic.js";
import { account } from "../lib/sluice.js";
import { eventually, patience } from "../lib/waiting.js";
import { World } from "../lib/world.js";
import { Receiver } from "./receiver.js";

const second = 1000 * patience;
const world = new World();
const simulator = await world.simulator();
const receiver = await Receiver.start();
after(() => receiver.stop());

const at = (list) => ({ url: `${simulator.url}/x-sim/${list}` });
const webhook = [{ name: "ops", url: `${receiver.url}/hook` }];
const show = async (sluice, name) => JSON.parse((await sluice.does(["account", "show", name, "--json"])).stdout);
const becomes = (sluice, name, state) =>
  eventually(
    async () => {
      const shown = await show(sluice, name);
      return shown.state === state && shown;
    },
    `${name} is ${state}`,
    5 * second,
  );

async function serverWith(list, name) {
  return world.sluice({ account: [account(at(list), name)], webhook });
}

describe("a credential that the provider refuses", async () => {
  const sluice = await serverWith("status=401", "refused");

  test("is shown as unauthorized everywhere", async () => {
    await sluice.messages(messageRequest());
    const shown = await becomes(sluice, "refused", "unauthorized");
    assert.match(shown.state_reason, /401/);
    assert.equal(shown.state_until, null);
    assert.equal(shown.in_flight, 0);
    assert(shown.failures >= 1);
    await receiver.gets({ event: "account.unauthorized", account: "refused", alert: true });
    const metrics = await sluice.metrics();
    assert.equal(metrics.sum("sluice_account_state", { account: "refused", state: "unauthorized" }), 1);
    assert.equal(metrics.sum("sluice_account_state", { account: "refused", state: "ready" }), 0);
    assert.equal(metrics.sum("sluice_account_events_total", { state: "unauthorized" }), 1);
    await sluice.process.printed(/account\.state account=refused .*now=unauthorized/);
  });

  test("isn't called any more", async () => {
    const before = (await sluice.metrics()).sum("sluice_attempts_total");
    const answer = await sluice.messages(messageRequest());
    assert.notEqual(answer.status, 200);
    assert.equal((await sluice.metrics()).sum("sluice_attempts_total"), before);
  });

  test("is used again within a second of a lift", async () => {
    await sluice.does(["account", "lift", "refused"]);
    await eventually(
      async () => (await sluice.metrics()).sum("sluice_account_state", { account: "refused", state: "ready" }) === 1,
      "the lift is noticed",
      second,
    );
    await receiver.gets({ event: "account.recovered", account: "refused" });
    await becomes(sluice, "refused", "active");
  });
});

describe("a provider that asks for a pause", async () => {
  const sluice = await serverWith("status=429,retry_after=600", "limited");

  test("is shown with its end, and rests on after a restart", async () => {
    await sluice.messages(messageRequest());
    const { model } = messageRequest();
    const rest = await eventually(
      async () => (await show(sluice, "limited")).rests[0],
      "one model rests",
      5 * second,
    );
    assert.equal(rest.model, model);
    assert.equal(rest.rule, "rate_limited");
    const left = Date.parse(rest.until) - Date.now();
    assert(left > 500_000 && left < 800_000, `${left} ms are left`);
    assert.match((await sluice.does(["account", "list"])).stdout, new RegExp(`limited +declared +${model}: 429 .*`));
    await receiver.gets({ event: "account.cooling", account: "limited", model });

    await sluice.kill();
    await sluice.again();
    assert.equal((await show(sluice, "limited")).rests[0].until, rest.until);
    const refused = await sluice.messages(messageRequest());
    assert.equal(refused.status, 503);
    assert(Number(refused.head.get("retry-after")) > 500);
    assert.equal(refused.head.get("x-should-retry"), "false");
    assert.equal((await sluice.metrics()).sum("sluice_attempts_total"), 0);
    // The others of the account don't.
    await sluice.messages(messageRequest({ model: "claude-other-model" }));
    assert.equal((await sluice.metrics()).sum("sluice_attempts_total"), 1);
  });

  test("is forgotten by a change of the account or a lift, also after a restart", async () => {
    await sluice.does(["account", "lift", "limited"]);
    await eventually(
      async () => (await show(sluice, "limited")).rests.length === 0,
      "the server has noticed, and what the killed one saw is no news any more",
      25 * second,
    );
    await sluice.kill();
    await sluice.again();
    assert.deepEqual((await show(sluice, "limited")).rests, []);
    await sluice.messages(messageRequest());
    assert((await sluice.metrics()).sum("sluice_attempts_total") >= 1);
  });
});

describe("an account that the provider has shut", async () => {
  const sluice = await serverWith("status=403", "shut");

  test("rests, and a server that stops takes its figures along", async () => {
    await sluice.messages(messageRequest());
    await eventually(async () => (await show(sluice, "shut")).state !== "active", "it rests", 5 * second);
    const shown = await show(sluice, "shut");
    assert.equal(shown.rests[0].rule, "forbidden");
    assert.equal(typeof shown.error_rate, "number");
    const { code } = sluice.process;
    assert.equal(code ?? null, null);
  });
});
