/// Secrets of the configuration file and the environment, with the log at trace.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";

import { messageRequest, stream } from "../lib/anthropic.js";
import { RawClient } from "../lib/raw_client.js";
import { answers } from "../lib/scripted_provider.js";
import { messagesRequest, temporaryFolder } from "../lib/sluice.js";
import { eventually } from "../lib/waiting.js";
import { World } from "../lib/world.js";
import { Canaries } from "./canaries.js";
import { Operator } from "./operator.js";
import { Witness } from "./witness.js";

const canaries = new Canaries();
const witness = new Witness(canaries);
const world = new World();

const secrets = {
  apiKey: canaries.make("api key", "sk-ant-api03-"),
  environmentKey: canaries.make("api key of the environment", "sk-ant-api03-"),
  fileKey: canaries.make("api key of a file", "sk-ant-api03-"),
  bearer: canaries.make("bearer token"),
  clientSecret: canaries.makePassword("client secret"),
  refreshToken: canaries.make("refresh token"),
  proxyPassword: canaries.makePassword("proxy password"),
  clientKey: canaries.make("client key", "sk-slc-", 43),
  metricsToken: canaries.make("metrics token"),
  unknownKey: canaries.make("unknown client key", "sk-slc-", 43),
  prompt: canaries.make("prompt"),
  adminPassword: canaries.makePassword("admin password"),
  shortPassword: canaries.make("short password", "", 11),
};
const proxyUser = `http://relay:${encodeURIComponent(secrets.proxyPassword)}@127.0.0.1:9`;

const folder = temporaryFolder();
let config, sluice, provider;

before(async () => {
  provider = await world.provider((call) => {
    if (call.head.method === "GET") return call.send(answers.json(200, { data: [] }));
    const { model } = JSON.parse(call.body.toString());
    if (model === "refused") return call.send(answers.error(401, "authentication_error", "invalid x-api-key"));
    if (model === "broken") return call.send("HTTP/1.1 200 OK\r\ncontent-length: banana\r\n\r\n");
    if (model === "cut") return call.sendPieces([answers.streamHead(), answers.chunk("event: mess")]).then(() => call.reset());
    return call.send(answers.stream(stream()));
  });
  const upstream = (name, credential, more = {}) => ({
    name,
    provider: "anthropic",
    base_url: provider.url,
    models: [`${name}-*`],
    credential,
    ...more,
  });
  config = {
    log: { level: "trace" },
    metrics: { token: secrets.metricsToken },
    account: [
      upstream("all", { api_key: secrets.apiKey }, { models: ["fine", "refused", "broken", "cut"] }),
      upstream("environment", { api_key: "env:CANARY_API_KEY" }),
      upstream("bearer", { bearer_token: secrets.bearer }),
      upstream("proxied", { api_key: secrets.apiKey }, { proxy: proxyUser, disabled: true }),
      upstream("unreachable", { api_key: secrets.apiKey }, { base_url: "http://127.0.0.1:9" }),
      upstream("oauth", {
        oauth2: {
          token_url: "http://127.0.0.1:9/token",
          client_id: "sluice",
          client_secret: secrets.clientSecret,
          refresh_token: secrets.refreshToken,
        },
      }),
    ],
    key: [{ name: "ci", secret: secrets.clientKey }],
  };
  const passwordFile = path.join(folder, "password");
  fs.writeFileSync(passwordFile, `${secrets.adminPassword}\n`, { mode: 0o600 });
  const env = { CANARY_API_KEY: secrets.environmentKey, SLUICE_ADMIN_PASSWORD_FILE: passwordFile };
  sluice = await world.sluice(config, { env });
});

after(() => fs.rmSync(folder, { recursive: true }));

const ask = (model, { headers = {}, except = [], ...more } = {}) =>
  witness.asks(
    sluice,
    {
      ...messagesRequest(messageRequest({ model, text: secrets.prompt }), { "x-api-key": secrets.clientKey, ...headers }),
      ...more,
    },
    { except },
  );

describe("no secret shows", () => {
  test("in answers, good and bad", async () => {
    for (const model of ["environment-1", "bearer-1", "fine"]) assert.equal((await ask(model)).status, 200, model);
    for (const model of ["unreachable-1", "oauth-1", "refused", "broken"]) {
      assert.ok((await ask(model)).status >= 400, model);
    }
    await ask("cut").catch(() => {});
    const used = provider.calls.flatMap((call) => call.head.fields.map(([, value]) => value)).join("\n");
    for (const name of ["apiKey", "environmentKey", "bearer"]) {
      assert.ok(used.includes(secrets[name]), `the provider was shown the ${name}`);
    }
  });

  test("in refusals of clients", async () => {
    const none = { "x-api-key": undefined };
    const ways = [
      { headers: { "x-api-key": secrets.unknownKey } },
      { headers: { ...none, authorization: `Bearer ${secrets.unknownKey}` } },
      { headers: { ...none, authorization: `Basic ${Buffer.from(`u:${secrets.unknownKey}`).toString("base64")}` } },
      { headers: { authorization: `Bearer ${secrets.unknownKey}` } },
      { headers: none, path: `/v1/messages?key=${secrets.clientKey}` },
      { headers: none, path: `/v1/messages?key=${secrets.unknownKey}` },
      { headers: none, path: `/v1/messages?key=${secrets.clientKey}&key=${secrets.unknownKey}` },
      { path: `/nowhere?key=${secrets.clientKey}` },
      { path: `/nowhere/${secrets.clientKey}` },
      { path: `/v1/messages/..?key=${secrets.clientKey}` },
      { headers: { cookie: `session=${secrets.unknownKey}` }, path: "/v1/models" },
      { body: `{"model": "${secrets.prompt}` },
      { body: Buffer.from(secrets.prompt) },
      { body: JSON.stringify({ model: 7, text: secrets.prompt }) },
    ];
    for (const way of ways) {
      const headers = Object.fromEntries(
        Object.entries({ "x-api-key": secrets.clientKey, ...way.headers }).filter(([, value]) => value !== undefined),
      );
      const { method, path: target, body } = messagesRequest(messageRequest({ text: secrets.prompt }));
      await witness.asks(sluice, { method, path: target, body, ...way, headers: { "content-type": "application/json", ...headers } });
    }
  });

  test("when a request's head is malformed", async () => {
    const heads = [
      `POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${secrets.clientKey}\r\nx-api-key : ${secrets.unknownKey}\r\n\r\n`,
      `POST /v1/messages?key=${secrets.clientKey} HTTP/9.9\r\nhost: x\r\n\r\n`,
      `POST /v1/messages HTTP/1.1\r\nhost: x\r\nauthorization Bearer ${secrets.clientKey}\r\n\r\n`,
      `${secrets.clientKey}\r\n\r\n`,
      `POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${secrets.clientKey}\r\nx-long: ${"x".repeat(40000)}\r\n\r\n`,
    ];
    for (const head of heads) {
      const client = await RawClient.connect(sluice.port);
      const answer = client.send(head).answer();
      await answer.end.catch(() => {});
      canaries.search(`the answer to ${head.slice(0, 20)}`, answer.bytes ?? "");
      client.close();
    }
  });

  test("in metrics, with their token or another", async () => {
    const scrape = (token) => witness.asks(sluice, { method: "GET", path: "/metrics", headers: { authorization: `Bearer ${token}` } });
    assert.equal((await scrape(secrets.metricsToken)).status, 200);
    assert.notEqual((await scrape(secrets.unknownKey)).status, 200);
    for (const target of ["/health", "/ready", "/v1/models", "/v1/key"]) {
      await witness.asks(sluice, { method: "GET", path: target, headers: { "x-api-key": secrets.clientKey } });
    }
  });

  test("in what an admin reads of it", async () => {
    const nobody = new Operator(witness, sluice);
    const admin = nobody.holding(await nobody.asks("POST", "/session", { user: "admin", password: secrets.adminPassword }));
    await admin.readsAll();
    for (const { name } of config.account) await admin.asks("POST", `/accounts/${name}/test`);
  });

  test("when the first password is too short", async () => {
    const file = path.join(folder, "short");
    fs.writeFileSync(file, secrets.shortPassword, { mode: 0o600 });
    const args = ["serve", "--listen", "127.0.0.1:0", "--data", path.join(folder, "data")];
    const done = await witness.runsAlone(args, { cwd: folder, env: { SLUICE_ADMIN_PASSWORD_FILE: file } });
    assert.equal(done.code, 1);
  });

  test("in what `check` and its printed configuration tell", async () => {
    const env = { CANARY_API_KEY: secrets.environmentKey };
    for (const args of [["check"], ["check", "--json"], ["check", "--print-config"]]) {
      const done = await witness.runsAlone([...args, ...sluice.place], { env, cwd: sluice.folder });
      assert.ok(done.stdout.length > 20, `${args}: ${done.stderr}`);
    }
  });

  test("when the configuration is wrong where the secret stands", async () => {
    const folder = path.join(sluice.folder, "wrong");
    fs.mkdirSync(folder);
    const file = path.join(folder, "sluice.toml");
    const secretFile = path.join(folder, "key");
    fs.writeFileSync(secretFile, `${secrets.fileKey}\n${secrets.fileKey}\u0000\n`);
    const account = '[[account]]\nname = "a"\nprovider = "anthropic"\n';
    const wrong = [
      `${account}credential = { api_kye = "${secrets.apiKey}" }\n`,
      `${account}credential = { api_key = ["${secrets.apiKey}"] }\n`,
      `${account}credential = "${secrets.apiKey}"\n`,
      `${account}credential = { api_key = "${secrets.apiKey}", bearer_token = "${secrets.bearer}" }\n`,
      `${account}credential = { api_key = "${secrets.apiKey}\n`,
      `${account}credential = { api_key = ${secrets.apiKey} }\n`,
      `${account}credential = { api_key = "${secrets.apiKey}\\q" }\n`,
      `${account}credential = { api_key = "env:${secrets.apiKey}" }\n`.replace(secrets.apiKey, "CANARY_MISSING"),
      `${account}credential = { api_key = "file:${secretFile}" }\n`,
      `${account}credential = { api_key = "\\u0007${secrets.apiKey}" }\n`,
      `${account}base_url = "https://u:${secrets.bearer}@api.anthropic.com"\n`,
      `${account}base_url = "https://api.anthropic.com/?k=${secrets.bearer}"\n`,
      `${account}proxy = "ftp://u:${secrets.bearer}@127.0.0.1"\n`,
      `${account}proxy = "http://u:${secrets.bearer}@127.0.0.1:99999"\n`,
      `${account}proxy = "http://u:${secrets.bearer}@127.0.0.1:1/path?x"\n`,
      `[[key]]\nname = "k"\nsecret = ["${secrets.clientKey}"]\n`,
      `[[key]]\nname = "k"\nsecret = "short-${secrets.clientKey.slice(7)}"\nsha256 = "${"0".repeat(64)}"\n`,
      `[[key]]\nname = "k"\nsha256 = "${secrets.clientKey}"\n`,
      `[[key]]\nname = "k"\nsecert = "${secrets.clientKey}"\n`,
      `[[key]]\nname = "k"\nsecret = "${secrets.clientKey}"\n[[key]]\nname = "l"\nsecret = "${secrets.clientKey}"\n`,
      `[metrics]\ntoken = ["${secrets.metricsToken}"]\n`,
      `[metrics]\ntoken = "${secrets.metricsToken}"\ntoken = "x"\n`,
      `[store]\nurl = "mysql://u:${secrets.bearer}@db/sluice"\n`,
      `[store]\nurl = "postgresql://u:${secrets.bearer}@127.0.0.1:99999/sluice"\n`,
      `[store]\nurl = "postgresql://u:${secrets.bearer}@127.0.0.1:9/sluice?password=${secrets.refreshToken}"\n`,
      `[cluster]\nredis_url = "redis//:${secrets.bearer}@127.0.0.1"\n`,
    ];
    for (const text of wrong) {
      fs.writeFileSync(file, text);
      const place = ["--config", file, "--data", path.join(folder, "data"), "--listen", "127.0.0.1:0"];
      for (const args of [["check", ...place], ["check", "--json", ...place], ["check", "--print-config", ...place]]) {
        await witness.runsAlone(args, { cwd: folder });
      }
    }
    // Nor from the environment.
    for (const [name, value] of [
      ["SLUICE_STORE_URL", `mysql://u:${secrets.bearer}@db/sluice`],
      ["SLUICE_STORE_URL", `postgresql://u:${secrets.bearer}@127.0.0.1:9/sluice`],
      ["SLUICE_METRICS_TOKNE", secrets.metricsToken],
    ]) {
      fs.writeFileSync(file, "");
      const done = await witness.runsAlone(["check", "--config", file, "--data", path.join(folder, "data")], {
        env: { [name]: value },
        cwd: folder,
      });
      assert.ok((done.stdout + done.stderr).length > 10, name);
    }
  });

  test("when a reload is refused", async () => {
    const good = fs.readFileSync(sluice.configFile, "utf8");
    sluice.writeConfig(`${good}\n[[account]]\nname = "late"\ncredential = { api_kye = "${secrets.fileKey}" }\n`);
    await sluice.reload(/reload|refused|kept/);
    sluice.writeConfig(good);
    await sluice.reload();
  });

  test("in the log, at trace", async () => {
    await eventually(() => sluice.log.length > 2000, "a log");
    canaries.search("the log", sluice.log);
    canaries.search("stdout", sluice.process.stdout);
  });

  test("in any file but the one they were written in", () => {
    canaries.searchFolder("the data folder", path.join(sluice.folder, "data"));
  });

  after(() => canaries.assertNothingLeaked());
});
