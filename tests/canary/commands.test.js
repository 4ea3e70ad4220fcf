/// Secrets that the command line is given and gives out.

import assert from "node:assert/strict";
import { createCipheriv, createHash, randomBytes, scryptSync } from "node:crypto";
import fs from "node:fs";
import { before, describe, test } from "node:test";

import { stream } from "../lib/anthropic.js";
import { answers } from "../lib/scripted_provider.js";
import { eventually } from "../lib/waiting.js";
import { World } from "../lib/world.js";
import { stages } from "./stage.js";

const world = new World();

for (const stage of stages(world)) describe(`on ${stage.engine}, commands show no secret`, { skip: stage.skip }, () => walk(stage));

function walk(stage) {
  const { canaries, witness } = stage;
  const secrets = {
    apiKey: canaries.make("api key", "sk-ant-api03-"),
    secondApiKey: canaries.make("second api key", "sk-ant-api03-"),
    bearer: canaries.make("bearer token"),
    clientSecret: canaries.makePassword("client secret"),
    refreshToken: canaries.make("refresh token"),
    accessToken: canaries.make("access token"),
    nextRefreshToken: canaries.make("next refresh token"),
    proxyPassword: canaries.makePassword("proxy password"),
    password: canaries.makePassword("password"),
    secondPassword: canaries.makePassword("second password"),
    passphrase: canaries.makePassword("passphrase"),
    misplaced: canaries.make("misplaced secret", "sk-ant-api03-"),
  };
  const env = {
    CANARY_KEY: secrets.apiKey,
    CANARY_PROXY: `http://relay:${encodeURIComponent(secrets.proxyPassword)}@127.0.0.1:9`,
    CANARY_CLIENT: secrets.clientSecret,
    CANARY_REFRESH: secrets.refreshToken,
    CANARY_WRONG: `${secrets.misplaced} and more`,
  };
  let provider, tokens;

  stage.open();
  before(async () => {
    provider = await world.provider((call) => call.send(answers.stream(stream())));
    // Grants once, and then repeats in its refusals what it was sent.
    tokens = await world.provider((call) =>
      call.send(
        tokens.calls.length > 1
          ? answers.json(400, { error: "invalid_grant", error_description: call.body.toString() })
          : answers.json(200, {
              access_token: secrets.accessToken,
              refresh_token: secrets.nextRefreshToken,
              token_type: "Bearer",
              expires_in: 8, // and so asked for again after 4,
            }),
      ),
    );
  });

  const addAccount = (name, ...more) =>
    ["account", "add", "--name", name, "--provider", "anthropic", "--base-url", provider.url, ...more];

  test("of accounts", async () => {
    await stage.does(addAccount("main", "--api-key", "env:CANARY_KEY"), { env });
    await stage.does(addAccount("typed", "--api-key", "-"), { input: secrets.secondApiKey });
    await stage.does(["account", "set", "typed", "--bearer-token", `file:${stage.file("bearer", secrets.bearer)}`]);
    await stage.does(["account", "set", "typed", "--proxy", "env:CANARY_PROXY", "--disabled"], { env });
    for (const json of [[], ["--json"]]) {
      await stage.does(["account", "list", ...json]);
      for (const name of ["main", "typed"]) {
        await stage.does(["account", "show", name, ...json]);
        await stage.runs(["account", "test", name, ...json]);
      }
    }
  });

  test("of keys, tokens and users, but for the one that makes it", async () => {
    const made = async (name, args) => canaries.watch(name, (await stage.does([...args, "--json"])).secret);
    const first = await made("key", ["key", "create", "--name", "ci"]);
    const second = await made("rotated key", ["key", "rotate", "ci", "--grace", "1h"]);
    await made("admin token", ["token", "create", "--name", "robot", "--role", "viewer", "--scope", "read"]);
    await stage.does(["user", "add", "--name", "ann", "--role", "operator", "--password-file", stage.file("password", secrets.password)]);
    await stage.does(["user", "reset-password", "ann", "--password-file", "-"], { input: secrets.secondPassword });
    for (const [noun, name] of [["key", "ci"], ["token", "robot"], ["user", "ann"]]) {
      for (const json of [[], ["--json"]]) {
        await stage.does([noun, "list", ...json]);
        await stage.does([noun, "show", name, ...json]);
      }
    }
    await stage.does(["audit", "list"]);
    await stage.does(["audit", "list", "--json"]);
    for (const secret of [first, second]) {
      await eventually(async () => (await stage.relayed("claude-1", secret)).status === 200, "the key works");
    }
    assert.ok(provider.calls.some((call) => call.head.get("x-api-key") === secrets.apiKey));
  });

  test("that are refused", async () => {
    // A secret among the arguments is not repeated.
    for (const args of [
      addAccount("x", "--api-key", secrets.misplaced),
      addAccount("x", "--proxy", `http://u:${secrets.misplaced}@127.0.0.1:9`),
      ["account", "set", "main", "--bearer-token", secrets.misplaced],
      ["user", "add", "--name", "x", "--password", secrets.misplaced],
      ["user", "add", "--name", "x", `--password=${secrets.misplaced}`],
      ["key", "create", "--name", "x", "--secret", secrets.misplaced],
    ]) {
      const done = await stage.sluice.runs(args);
      assert.notEqual(done.code, 0, args.join(" "));
      witness.sees(`sluice ${args[0]} ${args[1]}, refused`, done);
    }
    for (const [args, options] of [
      [addAccount("x", "--api-key", "env:CANARY_WRONG"), { env }],
      [addAccount("x", "--api-key", "-"), { input: `${secrets.misplaced}\u0001` }],
      [addAccount("x", "--proxy", `file:${stage.file("proxy", `ftp://u:${secrets.misplaced}@h`)}`), {}],
      [["user", "add", "--name", "x", "--role", "viewer", "--password-file", "-"], { input: secrets.misplaced.slice(-11) }],
    ]) {
      const done = await stage.runs(args, options);
      assert.notEqual(done.code, 0, args.join(" "));
    }
  });

  test("of export, import, backup and restore", async () => {
    const passphrase = stage.file("passphrase", secrets.passphrase);
    await stage.does(["export", "--without-secrets", "-o", stage.file("export.json")]);
    await stage.does(["export", "--passphrase-file", passphrase, "-o", stage.file("sealed.json")]);
    await stage.does(["backup", stage.file("backup.jsonl")]);
    for (const name of ["export.json", "sealed.json", "backup.jsonl"]) canaries.search(name, fs.readFileSync(stage.file(name)));

    await stage.runs(["import", stage.file("sealed.json"), "--passphrase-file", stage.file("wrong", secrets.password)]);
    await stage.runs(["import", stage.file("sealed.json"), "--passphrase-file", passphrase]);
    await stage.runs(["import", stage.file("broken.json", `{"accounts": [{"credential": {"api_key": "${secrets.misplaced}"`)]);
    await stage.runs(["import", "crs", stage.file("crs.json", `{"metadata": {"version": "2.0"}, "data": {"apiKeys": "${secrets.misplaced}"}}`)]);
    await stage.runs(["restore", stage.file("broken.jsonl", `{"api_key": "${secrets.misplaced}"}\n`)]);
  });

  test("of an import from claude-relay-service", async () => {
    const made = {
      encryptionKey: canaries.make("encryption key", "", 32),
      clientKey: canaries.make("foreign client key", "cr_", 64),
      apiKey: canaries.make("foreign api key", "sk-ant-"),
      refreshToken: canaries.make("foreign refresh token"),
    };
    const iv = randomBytes(16);
    const cipher = createCipheriv("aes-256-cbc", scryptSync(made.encryptionKey, "claude-console-salt", 32), iv);
    const sealed = `${iv.toString("hex")}:${cipher.update(made.apiKey, "utf8", "hex")}${cipher.final("hex")}`;
    const data = {
      apiKeys: [
        {
          id: "k1",
          name: "team",
          apiKey: createHash("sha256").update(made.clientKey + made.encryptionKey).digest("hex"),
          isActive: "true",
          permissions: '["claude"]',
        },
        { id: "k2", name: { odd: made.clientKey }, apiKey: { odd: made.clientKey } },
      ],
      claudeConsoleAccounts: [
        { id: "a1", name: "console", apiUrl: provider.url, apiKey: sealed, isActive: "true", accountType: "shared" },
        { id: "a3", name: "odd", apiUrl: `https://u:${made.apiKey}@127.0.0.1`, apiKey: made.apiKey, proxy: made.refreshToken },
      ],
      claudeAccounts: [{ id: "a2", name: "a login", refreshToken: made.refreshToken }],
    };
    const crs = stage.file("crs.json", JSON.stringify({ metadata: { version: "2.0", sanitized: false, decrypted: true }, data }));
    const given = { env: { CRS_KEY: made.encryptionKey } };
    await stage.runs(["import", "crs", crs, "--encryption-key", "env:CRS_KEY", "--dry-run"], given);
    await stage.runs(["import", "crs", crs, "--encryption-key", made.refreshToken.slice(0, 5)]);
    await stage.does(["import", "crs", crs, "--encryption-key", "env:CRS_KEY", "--json"], given);
    await eventually(async () => (await stage.relayed("claude-1", made.clientKey)).status === 200, "the foreign key works");
    for (const json of [[], ["--json"]]) for (const noun of ["account", "key"]) await stage.does([noun, "list", ...json]);
  });

  test("of secrets and checks, whatever is wrong with the master key", async () => {
    await stage.does(["secrets", "rotate"]);
    for (const args of [["check"], ["check", "--json"], ["check", "--print-config"]]) await stage.runs(args);
    const key = stage.file("data/master.key");
    const right = fs.readFileSync(key);
    canaries.watch("master key", right.toString().split("\n")[1]);
    for (const text of ["", right.subarray(0, 30), Buffer.concat([right, right])]) {
      fs.writeFileSync(key, text);
      const done = await stage.runs(["account", "test", "main"]);
      assert.equal(done.code, 1, done.stdout);
    }
    fs.writeFileSync(key, right);
    fs.chmodSync(key, 0o644);
    const done = await stage.runs(["account", "list"]);
    assert.match(done.stderr, /chmod 600/);
    fs.chmodSync(key, 0o600);
  });

  test("while access tokens are fetched, used and refused", async () => {
    const oauth2 = ["--oauth2-token-url", `${tokens.url}/token`, "--oauth2-client-id", "sluice"];
    const given = ["--oauth2-client-secret", "env:CANARY_CLIENT", "--oauth2-refresh-token", "env:CANARY_REFRESH"];
    await stage.does(addAccount("oauth", ...oauth2, ...given, "--model", "oauth-*", "--priority", "1"), { env });
    const { secret } = await stage.does(["key", "create", "--name", "oauth", "--json"]);
    canaries.watch("key for oauth", secret);
    const usesIt = () => provider.calls.some((call) => call.head.get("authorization") === `Bearer ${secrets.accessToken}`);
    await eventually(async () => (await stage.relayed("oauth-1", secret)).status === 200 && usesIt(), "the access token", 15000);
    assert.ok(tokens.calls[0].body.includes(secrets.refreshToken));

    await eventually(() => /account\.unauthorized/.test(stage.sluice.log), "the mark", 15000);
    assert.ok(tokens.calls[1].body.includes(secrets.nextRefreshToken), "the refusal repeated it");
    await stage.does(["account", "show", "oauth"]);
    await stage.runs(["account", "test", "oauth"]);
  });

  stage.close();
}
