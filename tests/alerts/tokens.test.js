/// A credential that its authorization server refuses for good: marked, shown, told, and mended.

import assert from "node:assert/strict";
import http from "node:http";
import { after, test } from "node:test";

import { eventually, patience } from "../lib/waiting.js";
import { World } from "../lib/world.js";
import { assertSigned, Receiver } from "./receiver.js";

const webhookSecret = "webhook-canary-0123456789";
const hookPath = "/hooks/path-canary-0123456789";

const receiver = await Receiver.start();
after(() => receiver.stop());

let refuses = true;
const tokens = http.createServer((request, response) => {
  request.resume();
  const [status, document] = refuses
    ? [400, { error: "invalid_grant" }]
    : [200, { access_token: "access-1", token_type: "Bearer", expires_in: 3600 }];
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(document));
});
await new Promise((resolve) => tokens.listen(0, "127.0.0.1", resolve));
after(() => tokens.close());

const world = new World();
const sluice = await world.sluice(
  {
    account: [
      {
        name: "main",
        provider: "anthropic-compatible",
        base_url: "http://127.0.0.1:1",
        credential: {
          oauth2: {
            token_url: `http://127.0.0.1:${tokens.address().port}/token`,
            client_id: "sluice",
            refresh_token: "env:REFRESH",
          },
        },
      },
    ],
    webhook: [{ name: "ops", url: "env:HOOK", secret: "env:HOOK_SECRET" }],
    cluster: { node_name: "relay-1" },
  },
  {
    env: {
      REFRESH: "refresh-canary-0123456789",
      HOOK: receiver.url + hookPath,
      HOOK_SECRET: webhookSecret,
    },
  },
);

const shown = async () => JSON.parse((await sluice.does(["account", "show", "main", "--json"])).stdout);

test("is told, signed, again with the same id until somebody takes it, and shown", async () => {
  receiver.answers = [500, 503];
  const post = await receiver.gets({ event: "account.unauthorized" }, 20000);
  const document = JSON.parse(post.text);
  assert.equal(post.path, hookPath);
  assertSigned(post, webhookSecret);
  assert.deepEqual(
    { ...document, id: "", at: "", reason: "" },
    {
      id: "",
      event: "account.unauthorized",
      account: "main",
      model: "",
      state: "unauthorized",
      reason: "",
      until: null,
      at: "",
      node: "relay-1",
      alert: true,
      repeated: 0,
    },
  );
  assert.match(document.reason, /invalid_grant/);
  const tries = receiver.posts.filter((one) => JSON.parse(one.text).id === document.id);
  assert.deepEqual(tries.map((one) => one.status), [500, 503, 200]);

  const account = await shown();
  assert.equal(account.state, "unauthorized");
  assert.match(account.state_reason, /invalid_grant/);
  assert.equal(account.state_until, null);
  assert.equal(account.rests.length, 1);
  const listed = (await sluice.does(["account", "list"])).stdout;
  assert.match(listed, /STATE +REASON/);
  assert.match(listed, /unauthorized +.*invalid_grant/);
  const metrics = await sluice.metrics();
  assert.equal(metrics.sum("sluice_alerts_total", { result: "delivered" }), 1);
});

test("is tried again when an operator lifts it, and that it is well is told too", async () => {
  refuses = false;
  await sluice.does(["account", "lift", "main"]);
  await receiver.gets({ event: "account.recovered", account: "main" });
  await eventually(async () => (await shown()).state === "active", "the account is well", 10000 * patience);
  const audit = JSON.parse((await sluice.does(["audit", "list", "--last", "1", "--json"])).stdout);
  assert.equal(audit[0].action, "lift");
});

test("no secret of a webhook stands in the log", () => {
  for (const secret of [webhookSecret, "path-canary"]) assert(!sluice.log.includes(secret));
});
