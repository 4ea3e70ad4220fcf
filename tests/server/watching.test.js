/// What the server tells of itself.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { messageRequest, stream } from "../lib/anthropic.js";
import { RawClient, request, requestBytes } from "../lib/raw_client.js";
import { answers } from "../lib/scripted_provider.js";
import { account, clientSecret, messagesRequest } from "../lib/sluice.js";
import { eventually } from "../lib/waiting.js";
import { World } from "../lib/world.js";

const world = new World();
let provider;

before(async () => {
  provider = await world.provider((call) => call.send(answers.stream(stream())));
});

describe("watching", () => {
  let sluice;
  before(async () => {
    sluice = await world.sluice({ account: [account(provider)], server: { threads: 2 } });
  });

  test("/health and /ready answer anyone", async () => {
    for (const target of ["/health", "/ready"]) {
      const answer = await sluice.get(target);
      assert.equal(answer.status, 200, target);
    }
    assert.match((await sluice.get("/ready")).head.get("content-type"), /^application\/json/);
  });

  test("/metrics has the names of the contract", async () => {
    await sluice.messages(messageRequest({ model: "claude-watched" }));
    const answer = await sluice.get("/metrics");
    assert.equal(answer.status, 200);
    assert.match(answer.head.get("content-type"), /^text\/plain/);
    const names = [
      "sluice_requests_total",
      "sluice_request_duration_seconds",
      "sluice_first_event_seconds",
      "sluice_overhead_seconds",
      "sluice_streams_active",
      "sluice_stream_events_total",
      "sluice_relayed_bytes_total",
      "sluice_tokens_total",
      "sluice_attempts_total",
      "sluice_account_in_flight",
      "sluice_account_state",
      "sluice_upstream_connections",
      "process_resident_memory_bytes",
      "process_open_fds",
    ];
    for (const name of names) assert.match(answer.text, new RegExp(`^# TYPE ${name} `, "m"), name);
    assert.ok(!answer.text.includes(clientSecret));
  });

  test("metrics count on all threads together", async () => {
    const before = (await sluice.metrics()).sum("sluice_requests_total");
    for (let i = 0; i < 20; i += 1) await sluice.messages(messageRequest());
    assert.equal((await sluice.metrics()).sum("sluice_requests_total") - before, 20);
  });

  test("a model nobody has heard of adds no label", async () => {
    const lines = async () => (await sluice.get("/metrics")).text.split("\n").length;
    for (let i = 0; i < 30; i += 1) await sluice.messages(messageRequest({ model: `warm-${i}` }));
    const before = await lines();
    for (let i = 0; i < 300; i += 1) await sluice.messages(messageRequest({ model: `invented-${i}` }));
    assert.ok((await lines()) - before < 300, "the labels are bounded");
  });

  test("/metrics without a token is for visitors on this machine only", async () => {
    for (const headers of [
      { "x-forwarded-for": "127.0.0.1" },
      { forwarded: "for=127.0.0.1" },
      { via: "1.1 proxy" },
      { "x-forwarded-proto": "https" },
      { host: "sluice.example" },
    ]) {
      const answer = await sluice.get("/metrics", headers);
      assert.ok([401, 403, 404].includes(answer.status), `${JSON.stringify(headers)}: ${answer.status}`);
      assert.ok(!answer.text.includes("sluice_requests_total"));
    }
  });

  test("/metrics with a token is for who has it", async () => {
    const guarded = await world.sluice({
      account: [account(provider)],
      metrics: { token: "scrape-me-0123456789" },
    });
    assert.notEqual((await guarded.get("/metrics")).status, 200);
    assert.notEqual(
      (await guarded.get("/metrics", { authorization: "Bearer scrape-me-012345678" })).status,
      200,
    );
    assert.equal(
      (await guarded.get("/metrics", { authorization: "Bearer scrape-me-0123456789" })).status,
      200,
    );
    assert.equal(
      (
        await guarded.get("/metrics", {
          authorization: "Bearer scrape-me-0123456789",
          "x-forwarded-for": "10.0.0.1",
        })
      ).status,
      200,
    );
  });

  test("one line of the log tells of a request", async () => {
    const answer = await sluice.messages(messageRequest({ model: "claude-logged" }));
    const id = answer.head.get("x-request-id");
    await eventually(() => sluice.log.includes(id), "the request is logged");
    const [line] = sluice.log.split("\n").filter((one) => one.includes(id) && /info/i.test(one));
    assert.match(line, /claude-logged/);
    assert.match(line, /input=11\b/);
    assert.match(line, /output=7\b/);
  });

  test("a quiet server holds no descriptor of a request that is over", async () => {
    const before = await sluice.openFiles();
    await Promise.all(Array.from({ length: 50 }, () => sluice.messages(messageRequest())));
    await eventually(async () => (await sluice.openFiles()) <= before + 60, "the clients' sockets are closed");
  });
});

test("many streams at a time on two threads all arrive whole", async () => {
  const sluice = await world.sluice({ account: [account(provider)], server: { threads: 2 } });
  const clients = await Promise.all(Array.from({ length: 200 }, () => RawClient.connect(sluice.port)));
  const read = clients.map((client) => {
    const answer = client.answer();
    client.send(requestBytes(messagesRequest(messageRequest())));
    return answer;
  });
  for (const answer of read) {
    assert.ok((await answer.end).complete);
    assert.equal(answer.text, stream());
  }
  for (const client of clients) client.close();
  assert.equal((await request(sluice.port, { method: "GET", path: "/ready" })).status, 200);
});
