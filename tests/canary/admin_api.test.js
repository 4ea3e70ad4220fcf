/// Secrets that people and programs send to the admin API, and those it gives out.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { stream } from "../lib/anthropic.js";
import { answers } from "../lib/scripted_provider.js";
import { eventually } from "../lib/waiting.js";
import { World } from "../lib/world.js";
import { Operator, totp } from "./operator.js";
import { stages } from "./stage.js";

const world = new World();

for (const stage of stages(world)) describe(`on ${stage.engine}, the admin API shows no secret`, { skip: stage.skip }, () => walk(stage));

function walk(stage) {
  const { canaries, witness } = stage;
  const secrets = {
    apiKey: canaries.make("api key", "sk-ant-api03-"),
    secondApiKey: canaries.make("second api key", "sk-ant-api03-"),
    bearer: canaries.make("bearer token"),
    clientSecret: canaries.makePassword("client secret"),
    refreshToken: canaries.make("refresh token"),
    proxyPassword: canaries.makePassword("proxy password"),
    password: canaries.makePassword("password"),
    secondPassword: canaries.makePassword("second password"),
    wrongPassword: canaries.makePassword("wrong password"),
    misplaced: canaries.make("misplaced secret", "sk-ant-api03-"),
    name: canaries.make("secret as a name"),
  };
  let provider, nobody, ada;

  stage.open();
  before(async () => {
    provider = await world.provider((call) => call.send(answers.stream(stream())));
    nobody = new Operator(witness, stage.sluice);
  });

  test("while the first user is set up, and signs in rightly and wrongly", async () => {
    const [, token] = await stage.sluice.process.printed(/\/setup#([A-Za-z0-9_-]{43})/);
    const setUp = (user, password) => nobody.asks("POST", "/setup", { token, user, password });
    assert.equal((await setUp("ada", secrets.misplaced.slice(-11))).status, 400, "too short");
    nobody.holding(await setUp("ada", secrets.password));
    assert.ok((await setUp("eve", secrets.secondPassword)).status >= 400, "once");
    for (const body of [
      { user: "ada", password: secrets.wrongPassword },
      { user: "nobody", password: secrets.wrongPassword },
      { user: secrets.wrongPassword, password: "x" },
      { user: "ada", password: [secrets.password] },
      { user: "ada", pasword: secrets.password },
      `{"user": "ada", "password": "${secrets.password.replace(/["\\]/g, "")}`,
    ]) {
      assert.ok((await nobody.asks("POST", "/session", body)).status >= 400);
    }
    const signIn = async () => nobody.asks("POST", "/session", { user: "ada", password: secrets.password });
    await eventually(async () => (await signIn()).status === 200, "no longer slowed down", 20000);
    ada = nobody.holding(await signIn());
  });

  test("while a password and a second factor are changed", async () => {
    const change = (from, to) => ada.asks("POST", "/session/password", { password: from, new_password: to });
    assert.equal((await change(secrets.password, secrets.secondPassword)).status, 204);
    assert.ok((await change(secrets.password, secrets.wrongPassword)).status >= 400);

    const offer = await ada.does("POST", "/session/totp");
    canaries.watch("TOTP seed", offer.secret);
    const { recovery_codes: codes } = await ada.does("POST", "/session/totp/confirm", { code: totp(offer.secret) });
    codes.forEach((code) => canaries.watch("recovery code", code.replaceAll("-", "")));
    const signIn = (code) => nobody.asks("POST", "/session", { user: "ada", password: secrets.secondPassword, code });
    assert.ok((await signIn(undefined)).status >= 400);
    const answer = await signIn(codes[0]);
    assert.equal(answer.status, 200, answer.text);
    ada = nobody.holding(answer);
    assert.ok((await signIn(codes[0])).status >= 400);
  });

  test("of accounts", async () => {
    const common = { provider: "anthropic", base_url: provider.url };
    const made = await ada.does("POST", "/accounts", { ...common, name: "main", credential: { api_key: secrets.apiKey } });
    const headers = { "if-match": `"${made.version}"` };
    const change = { credential: { api_key: secrets.secondApiKey } };
    await ada.does("PATCH", `/accounts/${made.id}`, change, { headers });
    assert.equal((await ada.asks("PATCH", `/accounts/${made.id}`, change, { headers })).status, 412);
    await ada.does("POST", "/accounts", { ...common, name: "bearer", credential: { bearer_token: secrets.bearer } });
    const proxy = `http://relay:${encodeURIComponent(secrets.proxyPassword)}@127.0.0.1:9`;
    await ada.does("POST", "/accounts", { ...common, name: "proxied", credential: { api_key: secrets.apiKey }, proxy, disabled: true });
    const oauth2 = {
      token_url: "http://127.0.0.1:9/token",
      client_id: "sluice",
      client_secret: secrets.clientSecret,
      refresh_token: secrets.refreshToken,
    };
    await ada.does("POST", "/accounts", { ...common, name: "oauth", models: ["oauth-*"], credential: { oauth2 } });
    for (const name of ["main", "oauth", "proxied"]) await ada.asks("POST", `/accounts/${name}/test`);

    for (const fields of [
      { credential: secrets.misplaced },
      { credential: { api_kye: secrets.misplaced } },
      { credential: { api_key: [secrets.misplaced] } },
      { credential: { api_key: `\u0007${secrets.misplaced}` } },
      { credential: { api_key: "x", bearer_token: secrets.misplaced } },
      { credential: { oauth2: { ...oauth2, token_url: `https://u:${secrets.misplaced}@127.0.0.1/` } } },
      { api_key: secrets.misplaced },
      { base_url: `https://u:${secrets.misplaced}@api.anthropic.com` },
      { base_url: `https://api.anthropic.com?key=${secrets.misplaced}` },
      { proxy: `ftp://u:${secrets.misplaced}@127.0.0.1` },
      { proxy: `http://u:${secrets.misplaced}@127.0.0.1:99999` },
    ]) {
      const answer = await ada.asks("POST", "/accounts", { ...common, name: "wrong", ...fields });
      assert.equal(answer.status, 400, `${JSON.stringify(fields)}: ${answer.text}`);
    }
    await ada.asks("POST", "/accounts", `{"name": "x", "credential": {"api_key": "${secrets.misplaced}`);
    await ada.asks("GET", `/accounts?api_key=${secrets.misplaced}`);
    // A secret in place of a name is told to who sent it, and to nobody else.
    const shown = { except: ["secret as a name"] };
    await ada.asks("GET", `/accounts/${secrets.name}`, undefined, shown);
    await ada.asks("GET", `/${secrets.name}`, undefined, shown);
    await ada.asks("POST", "/accounts", { ...common, name: "wrong", [secrets.name]: 1 }, shown);
  });

  test("of keys, users and tokens, but for the answer that makes it", async () => {
    const key = await ada.does("POST", "/keys", { name: "ci" });
    canaries.watch("key", key.secret);
    const rotated = await ada.does("POST", `/keys/${key.id}/rotate`, { grace: "1h" }, { headers: { "if-match": `"${key.version}"` } });
    canaries.watch("rotated key", rotated.secret);
    const token = await ada.does("POST", "/tokens", { name: "robot", role: "admin", scopes: ["*"] });
    canaries.watch("admin token", token.secret);
    const user = await ada.does("POST", "/users", { name: "bob", role: "viewer" });
    canaries.watch("made-up password", user.password);
    await ada.does("POST", `/users/${user.id}/reset-password`, { password: secrets.password });
    await ada.asks("POST", "/users", { name: "carl", role: "viewer", password: secrets.misplaced.slice(-11) });

    await new Operator(witness, stage.sluice, { authorization: `Bearer ${token.secret}` }).readsAll();
    await new Operator(witness, stage.sluice, { authorization: `Bearer ${secrets.misplaced}` }).asks("GET", "/accounts");
    await new Operator(witness, stage.sluice, { cookie: `sluice_session=${secrets.misplaced}` }).asks("GET", "/accounts");
    for (const secret of [key.secret, rotated.secret]) {
      await eventually(async () => (await stage.relayed("claude-1", secret)).status === 200, "the key works");
    }
  });

  test("of anything that can be read", () => ada.readsAll());

  stage.close();
}
