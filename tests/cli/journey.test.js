/// A new user's way: add an account, create a key, send a request, revoke the key. The server runs all the while.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { before, describe, test } from "node:test";

import { messageRequest } from "../lib/anthropic.js";
import { eventually, patience } from "../lib/waiting.js";
import { World } from "../lib/world.js";

const world = new World();
const providerKey = "sk-ant-CANARYcanaryCANARYcanary0123456789";
let simulator, sluice;

before(async () => {
  simulator = await world.simulator(["--expect-key", providerKey]);
  // An empty configuration: what `sluice serve` has on its first day.
  sluice = await world.sluice({ key: [] });
});

const ask = (secret) =>
  sluice.messages(messageRequest({ stream: false, model: "claude-sonnet-4-5" }), { headers: { "x-api-key": secret } });
const serves = async (secret) => (await ask(secret)).status === 200;
/// The second within which a running server notices.
const second = 1000 * patience;

describe("a new user", () => {
  let key;

  test("adds an account, its credential out of the environment", async () => {
    const added = await sluice.does(
      [
        "account", "add", "--name", "main", "--provider", "anthropic", "--base-url", simulator.url,
        "--api-key", "env:PROVIDER_KEY", "--json",
      ],
      { env: { PROVIDER_KEY: providerKey } },
    );
    const account = JSON.parse(added.stdout);
    assert.deepEqual(Object.keys(account), ["id", "name"]);
    assert.equal(account.name, "main");
    assert.match(account.id, /^[0-9A-HJKMNP-TV-Z]{26}$/);
  });

  test("tries it", async () => {
    const tried = await sluice.does(["account", "test", "main", "--json"]);
    const result = JSON.parse(tried.stdout);
    assert.equal(result.ok, true);
    assert.deepEqual(
      result.steps.map((step) => step.step),
      ["dns", "connect", "credential"],
    );
    for (const step of result.steps) assert.equal(step.ok, true, step.message);
  });

  test("creates a key", async () => {
    const created = await sluice.does(["key", "create", "--name", "me", "--json"]);
    key = JSON.parse(created.stdout);
    assert.deepEqual(Object.keys(key), ["id", "name", "secret"]);
    assert.match(key.secret, /^sk-slc-[A-Za-z0-9_-]{43}$/);
  });

  test("sends a request", async () => {
    await eventually(() => serves(key.secret), "the key is served", second);
    const answer = await ask(key.secret);
    assert.equal(answer.json().type, "message");
  });

  test("revokes the key, and it is refused within a second", async () => {
    const from = performance.now();
    await sluice.does(["key", "revoke", "me"]);
    const answer = await eventually(
      async () => {
        const answer = await ask(key.secret);
        return answer.status !== 200 && answer;
      },
      "the key is refused",
      second,
    );
    assert.equal(answer.status, 401);
    assert.equal(answer.head.get("x-sluice-error"), "key_disabled");
    assert.ok(performance.now() - from < 3 * second);
  });

  test("switches it on, removes it, and has it back", async () => {
    await sluice.does(["key", "enable", "me"]);
    await eventually(() => serves(key.secret), "the key is served again", second);
    await sluice.does(["key", "remove", "me"]);
    await eventually(async () => (await ask(key.secret)).status === 401, "the removed key is refused", second);
    await sluice.does(["key", "restore", key.id]);
    await eventually(() => serves(key.secret), "the restored key is served", second);
  });

  test("rotates it with a time in which both secrets work, then without", async () => {
    const rotated = JSON.parse((await sluice.does(["key", "rotate", "me", "--grace", "1h", "--json"])).stdout);
    assert.deepEqual(Object.keys(rotated), ["id", "name", "secret"]);
    await eventually(() => serves(rotated.secret), "the new secret is served", second);
    assert.ok(await serves(key.secret));
    const last = JSON.parse((await sluice.does(["key", "rotate", "me", "--grace", "0s", "--json"])).stdout);
    await eventually(() => serves(last.secret), "the newest secret is served", second);
    await eventually(async () => !(await serves(rotated.secret)), "the one before is refused", second);
    key = last;
  });

  test("changes the account's credential to a wrong one and sees it in the test", async () => {
    const file = path.join(sluice.folder, "wrong.key");
    fs.writeFileSync(file, "sk-ant-WRONG-canary\n", { mode: 0o600 });
    await sluice.does(["account", "set", "main", "--api-key", `file:${file}`]);
    const tried = await sluice.runs(["account", "test", "main", "--json"]);
    assert.equal(tried.code, 1);
    const result = JSON.parse(tried.stdout);
    assert.equal(result.ok, false);
    assert.equal(result.steps.at(-1).step, "credential");
    assert.match(result.steps.at(-1).message, /refuses the credential/);
    assert.match(tried.stderr, /^sluice: account main does not work: credential: .*\n$/);
    await sluice.does(["account", "set", "main", "--api-key", "-"], { input: `${providerKey}\n` });
    await eventually(() => serves(key.secret), "the right credential is back", 5 * second);
  });

  test("disables the account, and nobody serves", async () => {
    await sluice.does(["account", "disable", "main"]);
    await eventually(async () => (await ask(key.secret)).status === 503, "there is no account", second);
    await sluice.does(["account", "enable", "main"]);
    await eventually(() => serves(key.secret), "there is one again", second);
  });

  test("finds no secret in any output, log or file", async () => {
    const outputs = [sluice.log];
    for (const kind of ["account", "key"]) {
      for (const args of [["list"], ["list", "--json"], ["show", kind === "key" ? "me" : "main"], ["show", kind === "key" ? "me" : "main", "--json"]])
        outputs.push((await sluice.does([kind, ...args])).stdout);
    }
    outputs.push((await sluice.does(["audit", "list", "--json"])).stdout);
    const data = path.join(sluice.folder, "data");
    for (const name of fs.readdirSync(data, { recursive: true })) {
      const file = path.join(data, name);
      if (fs.statSync(file).isFile()) outputs.push(fs.readFileSync(file, "latin1"));
    }
    for (const secret of [providerKey, "sk-ant-WRONG-canary", key.secret])
      for (const output of outputs) assert.ok(!output.includes(secret));
  });
});
