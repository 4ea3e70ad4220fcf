/// What is served at which path, and to whom a browser may tell it.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { message, messageRequest } from "../lib/anthropic.js";
import { request } from "../lib/raw_client.js";
import { answers } from "../lib/scripted_provider.js";
import { account, clientSecret } from "../lib/sluice.js";
import { World } from "../lib/world.js";

const world = new World();
let provider, sluice;

before(async () => {
  provider = await world.provider((call) => call.send(answers.json(200, message())));
  sluice = await world.sluice({
    account: [account(provider)],
    server: { cors_origins: ["https://app.example.com"] },
  });
});

describe("routes", () => {
  for (const prefix of ["", "/anthropic", "/api", "/claude"]) {
    test(`the Messages API stands under ${prefix || "/"}`, async () => {
      const answer = await sluice.messages(messageRequest({ stream: false }), {
        path: `${prefix}/v1/messages`,
      });
      assert.equal(answer.status, 200, answer.text);
      assert.equal(provider.last.head.target, "/v1/messages");
      const counted = await sluice.messages(messageRequest({ stream: false }), {
        path: `${prefix}/v1/messages/count_tokens`,
      });
      assert.equal(counted.status, 200);
      assert.equal(provider.last.head.target, "/v1/messages/count_tokens");
    });
  }

  test("counting tokens counts no usage", async () => {
    const model = "claude-free";
    await sluice.messages(messageRequest({ model, stream: false }), { path: "/v1/messages/count_tokens" });
    assert.equal((await sluice.metrics()).sum("sluice_tokens_total", { model }), 0);
  });

  test("an unknown path is 404, in the caller's own form", async () => {
    for (const path of [
      "/v1/nothing",
      "/v1/messages/",
      "/v1/message",
      "/V1/messages",
      "/anthropic/v2/messages",
      "/v1/complete",
    ]) {
      const answer = await sluice.messages(messageRequest(), { path });
      assert.equal(answer.status, 404, path);
      assert.equal(answer.head.get("x-sluice-error"), "unknown_route");
      assert.equal(typeof answer.json().error.message, "string");
    }
  });

  test("another method is 405, with Allow", async () => {
    for (const method of ["GET", "PUT", "DELETE", "HEAD"]) {
      const answer = await request(sluice.port, {
        method,
        path: "/v1/messages",
        headers: { "x-api-key": clientSecret },
      });
      assert.equal(answer.status, 405, method);
      assert.match(answer.head.get("allow"), /\bPOST\b/);
      assert.equal(answer.head.get("x-sluice-error"), "method_not_allowed");
      if (method === "HEAD") assert.equal(answer.bytes.length, 0);
    }
  });

  test("a path that is odd is 400", async () => {
    for (const path of [
      "/v1/../v1/messages",
      "/v1/%2e%2e/messages",
      "/v1%2Fmessages",
      "/v1//messages",
      "/v1/messages;x=1",
      "/v1/mess%00ages",
      "/v1\\messages",
    ]) {
      const answer = await sluice.messages(messageRequest(), { path });
      assert.equal(answer.status, 400, path);
    }
  });

  test("HEAD has a head only", async () => {
    const answer = await request(sluice.port, { method: "HEAD", path: "/health" });
    assert.equal(answer.status, 200);
    assert.equal(answer.bytes.length, 0);
  });

  test("a body that is no JSON, or names no model, is 400 and goes nowhere", async () => {
    const before = provider.calls.length;
    for (const body of [
      "",
      "no json",
      "[]",
      "{}",
      '{"model":1}',
      '{"model":"m"',
      '{"model":"m","stream":"yes"}',
    ]) {
      const answer = await sluice.messages(body);
      assert.equal(answer.status, 400, body);
      assert.equal(answer.head.get("x-sluice-error"), "invalid_request");
      const { type, error } = answer.json();
      assert.equal(type, "error");
      assert.equal(error.type, "invalid_request_error");
    }
    assert.equal(provider.calls.length, before);
  });
});

describe("CORS", () => {
  const preflight = (origin) =>
    request(sluice.port, {
      method: "OPTIONS",
      path: "/v1/messages",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "x-api-key, anthropic-version, content-type",
      },
    });

  test("a page of a listed origin may call", async () => {
    const allowed = await preflight("https://app.example.com");
    assert.ok(allowed.status === 204 || allowed.status === 200, `${allowed.status}`);
    assert.equal(allowed.head.get("access-control-allow-origin"), "https://app.example.com");
    assert.match(allowed.head.get("access-control-allow-methods"), /POST/);
    assert.match(allowed.head.get("access-control-allow-headers"), /x-api-key|\*/i);
    const answer = await sluice.messages(messageRequest(), {
      headers: { origin: "https://app.example.com" },
    });
    assert.equal(answer.head.get("access-control-allow-origin"), "https://app.example.com");
  });

  test("a page of another origin may not", async () => {
    const refused = await preflight("https://evil.example");
    assert.ok(!refused.head.has("access-control-allow-origin"));
    const answer = await sluice.messages(messageRequest(), { headers: { origin: "https://evil.example" } });
    assert.ok(!answer.head.has("access-control-allow-origin"));
  });
});
