/// Who may call, for what, and how much at a time.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { messageRequest, stream, streamEvents } from "../lib/anthropic.js";
import { requestBytes } from "../lib/raw_client.js";
import { answers } from "../lib/scripted_provider.js";
import { account, clientSecret, defaultKey, messagesRequest } from "../lib/sluice.js";
import { eventually } from "../lib/waiting.js";
import { World } from "../lib/world.js";

const world = new World();
const events = streamEvents();
const secretOf = (letter) => `sk-slc-${letter.repeat(43)}`;
let provider, sluice;

before(async () => {
  provider = await world.provider((call) =>
    call.send(
      call.head.method === "GET"
        ? answers.json(200, { data: [], has_more: false })
        : answers.stream(stream()),
    ),
  );
  sluice = await world.sluice({
    account: [
      account(provider),
      account(provider, "elsewhere", { pools: ["other"], models: ["other-*"] }),
      ...["capped", ...Object.keys(endings).map((_, n) => `capped-${n}`)].map((name) =>
        account(provider, name, { pools: ["capped"], models: [name], max_concurrency: 1 }),
      ),
    ],
    key: [
      defaultKey,
      { name: "narrow", secret: secretOf("n"), models: ["claude-*", "!claude-secret"] },
      { name: "single", secret: secretOf("s"), limits: { concurrency: 1 } },
      { name: "expired", secret: secretOf("e"), expires: "2020-01-01T00:00:00Z" },
      { name: "openai only", secret: secretOf("o"), dialects: ["openai-chat"] },
      { name: "far", secret: secretOf("f"), clients: { cidrs: ["10.0.0.0/8"] } },
      { name: "agent", secret: secretOf("a"), clients: { user_agents: ["good/*"] } },
      { name: "other pool", secret: secretOf("p"), pools: ["other"] },
      { name: "capped", secret: secretOf("c"), pools: ["capped"] },
    ],
    relay: { max_attempts: 1, keepalive_ms: 0 },
  });
});

const ask = (secret, request = {}, headers = {}) =>
  sluice.messages(messageRequest(request), { headers: { "x-api-key": secret, ...headers } });

function isRefusal(answer, status, code, type) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.head.get("x-sluice-error"), code);
  assert.match(answer.head.get("content-type"), /^application\/json/);
  const body = answer.json();
  assert.equal(body.type, "error");
  assert.equal(body.error.type, type);
  assert.ok(body.error.message.length > 5);
  assert.equal(body.request_id, answer.head.get("x-request-id"));
}

async function goesNowhere(asking) {
  const before = provider.calls.length;
  const answer = await asking;
  assert.equal(provider.calls.length, before, "nothing reaches the provider");
  return answer;
}

describe("a key", () => {
  test("that is unknown, empty or missing is 401", async () => {
    for (const headers of [
      { "x-api-key": "sk-slc-unknown" },
      { "x-api-key": "" },
      { "x-api-key": [] },
      { "x-api-key": [], authorization: "Basic eDp5" },
      { "x-api-key": [], authorization: "Bearer " },
      { "x-api-key": `${clientSecret}x` },
    ]) {
      isRefusal(
        await goesNowhere(sluice.messages(messageRequest(), { headers })),
        401,
        "invalid_key",
        "authentication_error",
      );
    }
  });
  test("that is past its end is 401", async () =>
    isRefusal(await goesNowhere(ask(secretOf("e"))), 401, "key_expired", "authentication_error"));
  test("beside a different one is 400", async () => {
    for (const headers of [{ authorization: `Bearer ${secretOf("n")}` }, { "api-key": "other" }]) {
      isRefusal(
        await goesNowhere(ask(clientSecret, {}, headers)),
        400,
        "invalid_request",
        "invalid_request_error",
      );
    }
    isRefusal(
      await goesNowhere(sluice.messages(messageRequest(), { path: `/v1/messages?key=${secretOf("n")}` })),
      400,
      "invalid_request",
      "invalid_request_error",
    );
  });
  test("that does not permit the model, the dialect, the address or the agent is 403", async () => {
    const forbidden = [
      () => ask(secretOf("n"), { model: "gpt-5" }),
      () => ask(secretOf("n"), { model: "claude-secret" }),
      () => ask(secretOf("o")),
      () => ask(secretOf("f")),
      () => ask(secretOf("a"), {}, { "user-agent": "evil/1" }),
      () => ask(secretOf("a")),
    ];
    for (const asking of forbidden)
      isRefusal(await goesNowhere(asking()), 403, "not_allowed", "permission_error");
  });
  test("that permits them may", async () => {
    for (const answer of [
      await ask(secretOf("n"), { model: "claude-x" }),
      await ask(secretOf("a"), {}, { "user-agent": "good/2.0" }),
    ])
      assert.equal(answer.status, 200);
  });
  test("of another pool reaches its accounts only", async () => {
    assert.equal((await ask(secretOf("p"), { model: "other-1" })).status, 200);
    const answer = await goesNowhere(ask(secretOf("p"), { model: "claude-test" }));
    assert.ok([403, 404, 503].includes(answer.status), `${answer.status}`);
  });
});

describe("models", () => {
  test("are listed for a key", async () => {
    const answer = await sluice.get("/v1/models", {
      "x-api-key": clientSecret,
      "anthropic-version": "2023-06-01",
    });
    assert.equal(answer.status, 200, answer.text);
    assert.ok(Array.isArray(answer.json().data));
  });
  test("are not listed for nobody", async () => {
    const answer = await sluice.get("/v1/models", { "anthropic-version": "2023-06-01" });
    isRefusal(answer, 401, "invalid_key", "authentication_error");
  });
});

/// Every way in which a request can end, with the slot it holds.
const endings = {
  "a whole stream": { script: (call) => call.send(answers.stream(stream())) },
  "a refusal": { script: (call) => call.send(answers.error(400, "invalid_request_error")) },
  "a broken answer": { script: (call) => call.reset() },
  "a broken stream": {
    script: async (call) => {
      await call.sendPieces([answers.streamHead(), answers.chunk(events.preamble + events.content)]);
      call.end();
    },
  },
  "the client's departure before the head": { script: () => {}, leave: true },
  "the client's departure within the stream": {
    script: (call) =>
      call.sendPieces([answers.streamHead(), answers.chunk(events.preamble + events.content)]),
    leave: true,
    content: true,
  },
};

const limits = {
  "limits.concurrency of a key": {
    secret: secretOf("s"),
    model: "claude-single",
    refusal: (answer) => isRefusal(answer, 429, "concurrency_limited", "rate_limit_error"),
  },
  "max_concurrency of an account": {
    secret: secretOf("c"),
    model: "capped",
    refusal: (answer) => isRefusal(answer, 503, "no_account", "overloaded_error"),
  },
};

for (const [what, { secret, model, refusal }] of Object.entries(limits)) {
  describe(what, () => {
    const inFlight = async () => (await sluice.metrics()).sum("sluice_account_in_flight");

    test("refuses the request above it, and tells when to come back", async () => {
      provider.script = () => {};
      const client = await sluice.connect();
      client.send(requestBytes(messagesRequest(messageRequest({ model }), { "x-api-key": secret })));
      const call = await provider.next();
      const answer = await goesNowhere(ask(secret, { model }));
      client.close();
      await call.goneWithin(1000);
      refusal(answer);
      assert.match(answer.head.get("retry-after"), /^\d+$/);
    });

    for (const [n, [ending, { script, leave, content }]] of Object.entries(endings).entries()) {
      test(`has its slot back after ${ending}`, async () => {
        await eventually(async () => (await inFlight()) === 0, "nothing is in flight");
        provider.script = script;
        const client = await sluice.connect();
        const answer = client.answer();
        const from = provider.calls.length;
        // What fails rests its account: each ending has one of its own.
        const options = { model: `${model}-${n}` };
        client.send(requestBytes(messagesRequest(messageRequest(options), { "x-api-key": secret })));
        if (leave) {
          await eventually(() => provider.calls.length > from, "the request arrives");
          if (content) await answer.body(/content_block/);
          client.close();
          await provider.last.goneWithin(1000);
        } else {
          await answer.end;
          client.close();
          assert.ok(![429, 503].includes(answer.reader.head.status), answer.text);
        }
        await eventually(async () => (await inFlight()) === 0, "nothing is in flight", 1000);
        provider.script = (call) => call.send(answers.stream(stream()));
        assert.equal((await ask(secret, options)).status, 200);
      });
    }
  });
}
