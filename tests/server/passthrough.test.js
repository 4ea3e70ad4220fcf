/// What the provider says reaches the client as it is; what is nobody's business does not. No credential crosses.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { message, messageRequest, stream } from "../lib/anthropic.js";
import { answers } from "../lib/scripted_provider.js";
import { account, clientSecret, providerSecret } from "../lib/sluice.js";
import { World } from "../lib/world.js";

const world = new World();
const refusals = [
  [400, "invalid_request_error"],
  [401, "authentication_error"],
  [402, "billing_error"],
  [403, "permission_error"],
  [404, "not_found_error"],
  [409, "conflict_error"],
  [413, "request_too_large"],
  [422, "invalid_request_error"],
  [429, "rate_limit_error"],
  [500, "api_error"],
  [503, "api_error"],
  [529, "overloaded_error"],
];
const others = ["html", "secret", "fields", "plain", "204"];
let provider, sluice;
const scripts = new Map();

before(async () => {
  provider = await world.provider((call) => scripts.get(call.json.model)(call));
  const models = [
    ...refusals.map(([status]) => `status-${status}`),
    ...refusals.map(([status]) => `streamed-${status}`),
    ...others,
  ];
  sluice = await world.sluice({
    account: models.map((model) => account(provider, model, { models: [model] })),
    relay: { max_attempts: 1 },
  });
});

function ask(model, answer, { headers, path, ...more } = {}) {
  scripts.set(model, (call) => call.send(answer));
  return sluice.messages(messageRequest({ model, stream: false, ...more }), {
    headers,
    ...(path && { path }),
  });
}

describe("a refusal of the provider keeps its status, its body and its headers", () => {
  for (const [status, type] of refusals) {
    for (const form of ["status", "streamed"]) {
      test(`${status} ${form === "streamed" ? "to a request for a stream" : ""}`, async () => {
        const refusal = answers.error(status, type, `told by ${status}`, {
          "retry-after": "17",
          "request-id": "req_provider",
          "anthropic-ratelimit-requests-remaining": "0",
          "anthropic-ratelimit-requests-reset": "2027-01-01T00:00:00Z",
          "x-should-retry": "false",
        });
        const answer = await ask(`${form}-${status}`, refusal, { stream: form === "streamed" });
        assert.equal(answer.status, status);
        assert.deepEqual(answer.json(), {
          type: "error",
          error: { type, message: `told by ${status}` },
          request_id: "req_scripted",
        });
        assert.equal(answer.head.get("retry-after"), "17");
        assert.equal(answer.head.get("request-id"), "req_provider");
        assert.equal(answer.head.get("anthropic-ratelimit-requests-remaining"), "0");
        assert.equal(answer.head.get("x-should-retry"), "false");
        assert.ok(!answer.head.has("x-sluice-error"));
        assert.ok(answer.complete);
      });
    }
  }
  test("an error page that is no JSON", async () => {
    const page = Buffer.from("<html>bad gateway</html>");
    const answer = await ask(
      "html",
      Buffer.concat([
        answers.head(400, { "content-type": "text/html", "content-length": page.length }),
        page,
      ]),
    );
    assert.equal(answer.status, 400);
    assert.equal(answer.text, page.toString());
    assert.equal(answer.head.get("content-type"), "text/html");
  });
});

describe("headers", () => {
  test("of the API pass, those of a single hop and of a browser do not", async () => {
    const answer = await ask(
      "fields",
      answers.json(200, message(), {
        "request-id": "req_1",
        "anthropic-organization-id": "org_1",
        "anthropic-ratelimit-tokens-limit": "100",
        "x-novelty": "kept",
        "set-cookie": ["a=1", "b=2"],
        "strict-transport-security": "max-age=1",
        "content-security-policy": "default-src *",
        "access-control-allow-origin": "*",
        "access-control-allow-credentials": "true",
        "clear-site-data": '"*"',
        "alt-svc": 'h3=":443"',
        "proxy-authenticate": "Basic",
        connection: "keep-alive, x-hop",
        "x-hop": "dropped",
        "keep-alive": "timeout=5",
        upgrade: "h2c",
      }),
    );
    assert.equal(answer.status, 200);
    for (const [name, value] of Object.entries({
      "request-id": "req_1",
      "anthropic-organization-id": "org_1",
      "anthropic-ratelimit-tokens-limit": "100",
    })) {
      assert.equal(answer.head.get(name), value);
    }
    const dropped = [
      "set-cookie",
      "strict-transport-security",
      "content-security-policy",
      "access-control-allow-origin",
      "access-control-allow-credentials",
      "clear-site-data",
      "alt-svc",
      "proxy-authenticate",
      "x-hop",
      "keep-alive",
      "upgrade",
    ];
    for (const name of dropped) assert.ok(!answer.head.has(name), `no ${name}`);
  });

  test("every answer has an id of ours, which is a ULID", async () => {
    const ids = [];
    for (const answer of [
      await ask("plain", answers.json(200, message())),
      await ask("plain", answers.stream(stream())),
      await sluice.get("/health"),
      await sluice.get("/v1/none"),
      await sluice.messages("no json"),
    ]) {
      assert.match(answer.head.get("x-request-id"), /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
      ids.push(answer.head.get("x-request-id"));
    }
    assert.equal(new Set(ids).size, ids.length);
  });

  test("of the client that name a hop or another account stay here", async () => {
    await ask("plain", answers.json(200, message()), {
      headers: {
        connection: "keep-alive, x-hop",
        "x-hop": "1",
        "keep-alive": "timeout=5",
        te: "trailers",
        "proxy-authorization": "Basic eDp5",
        cookie: "session=1",
        "x-forwarded-for": "10.0.0.1",
        "x-request-id": "client-1",
        "anthropic-workspace-id": "other",
        "anthropic-dangerous-direct-browser-access": "true",
      },
    });
    const { head } = provider.last;
    for (const name of [
      "x-hop",
      "keep-alive",
      "te",
      "proxy-authorization",
      "cookie",
      "anthropic-workspace-id",
      "anthropic-dangerous-direct-browser-access",
    ]) {
      assert.ok(!head.has(name), `no ${name}`);
    }
  });
});

describe("credentials", () => {
  const places = {
    "x-api-key": { headers: {} },
    bearer: { headers: { "x-api-key": [], authorization: `Bearer ${clientSecret}` } },
    "x-goog-api-key": { headers: { "x-api-key": [], "x-goog-api-key": clientSecret } },
    "api-key": { headers: { "x-api-key": [], "api-key": clientSecret } },
    query: { headers: { "x-api-key": [] }, path: `/v1/messages?beta=true&key=${clientSecret}&z=1` },
    "two places, the same": { headers: { authorization: `Bearer ${clientSecret}` } },
  };
  for (const [place, options] of Object.entries(places)) {
    test(`the client's key, given as ${place}, never leaves for the provider`, async () => {
      const from = provider.received.length;
      const answer = await ask("plain", answers.json(200, message()), options);
      assert.equal(answer.status, 200, answer.text);
      const sent = provider.received.subarray(from).toString("latin1");
      assert.ok(!sent.includes(clientSecret));
      assert.equal(provider.last.head.get("x-api-key"), providerSecret);
      assert.ok(!provider.last.head.has("authorization"));
      if (place === "query") assert.equal(provider.last.head.target, "/v1/messages?beta=true&z=1");
    });
  }

  test("the provider's key is masked in what the provider says", async () => {
    const answer = await ask(
      "secret",
      answers.error(400, "invalid_request_error", `invalid key ${providerSecret}!`, {
        "x-echo": providerSecret,
      }),
    );
    assert.equal(answer.status, 400);
    assert.ok(!answer.text.includes(providerSecret));
    assert.equal(answer.json().error.type, "invalid_request_error");
    assert.ok(!JSON.stringify(answer.head.fields).includes(providerSecret));
  });

  test("no log line holds a key", () => {
    for (const secret of [clientSecret, providerSecret]) assert.ok(!sluice.log.includes(secret));
  });
});
