/// A configuration moves from one installation to another, and from claude-relay-service to here, while clients keep their keys.

import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { before, describe, test } from "node:test";

import { messageRequest, stream } from "../lib/anthropic.js";
import { answers } from "../lib/scripted_provider.js";
import { eventually } from "../lib/waiting.js";
import { World } from "../lib/world.js";

const world = new World();
let provider;
before(async () => {
  provider = await world.provider((call) => call.send(answers.stream(stream())));
});

const ask = (sluice, secret) => sluice.messages(messageRequest(), { headers: { "x-api-key": secret } });
/// A running server notices within 1 s; the tests give a busy machine more.
const answersWith = (sluice, secret, status) =>
  eventually(async () => (await ask(sluice, secret)).status === status, `${secret.slice(0, 6)}... gets ${status}`);

function writeFile(sluice, name, content) {
  const file = path.join(sluice.folder, name);
  fs.writeFileSync(file, content, { mode: 0o600 });
  return file;
}

describe("a configuration", () => {
  const passphrase = "correct horse battery staple";
  const providerKey = "sk-ant-canary-of-the-first-installation";
  let first, secret, exported;

  before(async () => {
    first = await world.sluice({});
    const env = { PROVIDER_KEY: providerKey };
    await first.does(["account", "add", "--name", "main", "--provider", "anthropic", "--base-url", provider.url,
      "--api-key", "env:PROVIDER_KEY"], { env });
    const made = await first.does(["key", "create", "--name", "mover", "--json"]);
    secret = JSON.parse(made.stdout).secret;
    await answersWith(first, secret, 200);
    const phrase = writeFile(first, "passphrase", passphrase + "\n");
    exported = path.join(first.folder, "export.json");
    await first.does(["export", "--passphrase-file", phrase, "--output", exported]);
  });

  test("is exported without a secret in the clear, for its owner alone", () => {
    const text = fs.readFileSync(exported, "utf8");
    assert.equal(text.includes(providerKey), false);
    assert.equal(text.includes(secret), false);
    assert.equal(text.includes(passphrase), false);
    assert.equal(fs.statSync(exported).mode & 0o777, 0o600);
    assert.equal(JSON.parse(text).format, "sluice-export");
    assert.match(JSON.parse(text).sluice_version, /^\d+\.\d+/);
  });

  test("serves the same client on another installation that was running all the time", async () => {
    const second = await world.sluice({});
    assert.equal((await ask(second, secret)).status, 401);
    const phrase = writeFile(second, "passphrase", passphrase);
    const calls = provider.calls.length;
    const done = await second.does(["import", exported, "--passphrase-file", phrase, "--json"]);
    assert.equal(JSON.parse(done.stdout).created, 2);
    await answersWith(second, secret, 200);
    assert.equal(provider.calls.at(-1).head.get("x-api-key"), providerKey);
    assert.ok(provider.calls.length > calls);
  });

  test("changes nothing with a wrong passphrase, in a dry run, or over what is there", async () => {
    const second = await world.sluice({});
    const wrong = writeFile(second, "wrong", "incorrect horse battery staple");
    const refused = await second.runs(["import", exported, "--passphrase-file", wrong]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /passphrase is not the right one/);
    const phrase = writeFile(second, "passphrase", passphrase);
    await second.does(["import", exported, "--passphrase-file", phrase, "--dry-run"]);
    assert.equal((await ask(second, secret)).status, 401);
    await second.does(["import", exported, "--passphrase-file", phrase]);
    const again = await second.runs(["import", exported, "--passphrase-file", phrase]);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /account "main"/);
    await second.does(["import", exported, "--passphrase-file", phrase, "--on-conflict", "replace"]);
    await answersWith(second, secret, 200);
  });
});

describe("claude-relay-service", () => {
  const encryptionKey = "an-encryption-key-of-32-letters!";
  const clientKey = `cr_${crypto.randomBytes(32).toString("hex")}`;
  const hashed = crypto.createHash("sha256").update(clientKey + encryptionKey).digest("hex");
  const seal = (text) => {
    const iv = crypto.randomBytes(16);
    const key = crypto.scryptSync(encryptionKey, "claude-console-salt", 32);
    const cipher = crypto.createCipheriv("aes-256-cbc", key, iv);
    return `${iv.toString("hex")}:${cipher.update(text, "utf8", "hex")}${cipher.final("hex")}`;
  };
  const file = () => JSON.stringify({
    metadata: { version: "2.0", sanitized: false, decrypted: true },
    data: {
      apiKeys: [{ id: "k1", name: "team", apiKey: hashed, isActive: "true", permissions: "[\"claude\"]" }],
      claudeConsoleAccounts: [{ id: "a1", name: "console", apiUrl: provider.url, apiKey: seal("sk-ant-canary-of-crs"),
        isActive: "true", accountType: "shared" }],
      claudeAccounts: [{ id: "a2", name: "a login", refreshToken: "canary" }],
    },
  });

  test("gives its keys away with its encryption key, and its clients notice nothing", async () => {
    const sluice = await world.sluice({});
    const crs = writeFile(sluice, "crs.json", file());
    const env = { CRS_KEY: encryptionKey };
    const dry = await sluice.does(["import", "crs", crs, "--encryption-key", "env:CRS_KEY", "--dry-run"], { env });
    assert.match(dry.stdout, /a login/);
    assert.equal((await ask(sluice, clientKey)).status, 401);
    const done = await sluice.does(["import", "crs", crs, "--encryption-key", "env:CRS_KEY", "--json"], { env });
    const report = JSON.parse(done.stdout);
    assert.equal(report.not_at_all, 1);
    await answersWith(sluice, clientKey, 200);
    assert.equal(provider.calls.at(-1).head.get("authorization") ?? provider.calls.at(-1).head.get("x-api-key"),
      "sk-ant-canary-of-crs");
    assert.equal((await ask(sluice, clientKey + "0")).status, 401);
    assert.equal((await ask(sluice, hashed)).status, 401);
    for (const text of [done.stdout, done.stderr, dry.stdout, sluice.log]) {
      assert.equal(text.includes("canary"), false);
      assert.equal(text.includes(encryptionKey), false);
      assert.equal(text.includes(clientKey), false);
    }
  });

  test("without its encryption key, its keys wait for a new secret", async () => {
    const sluice = await world.sluice({});
    const crs = writeFile(sluice, "crs.json", file());
    await sluice.does(["import", "crs", crs]);
    const made = await sluice.does(["key", "rotate", "team", "--json"]);
    assert.equal((await ask(sluice, clientKey)).status, 401);
    // The account waits as well.
    const env = { PROVIDER_KEY: "sk-ant-canary-set-again" };
    await sluice.does(["account", "set", "console", "--api-key", "env:PROVIDER_KEY"], { env });
    await sluice.does(["account", "enable", "console"]);
    await answersWith(sluice, JSON.parse(made.stdout).secret, 200);
  });
});
