/// SIGTERM and SIGHUP: stopping and reloading while streams go on.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { messageRequest, stream, streamEvents } from "../lib/anthropic.js";
import { requestBytes } from "../lib/raw_client.js";
import { answers } from "../lib/scripted_provider.js";
import { account, defaultKey, messagesRequest } from "../lib/sluice.js";
import { eventually, patience } from "../lib/waiting.js";
import { World } from "../lib/world.js";

const world = new World();
const events = streamEvents();
let provider;

before(async () => {
  provider = await world.provider((call) => call.send(answers.stream(stream())));
});

describe("SIGTERM", () => {
  test("lets streams finish, refuses what is new, and ends with 0", async () => {
    let proceed;
    const slow = await world.provider(async (call) => {
      await call.sendPieces([answers.streamHead(), answers.chunk(events.preamble + events.content)]);
      await new Promise((resolve) => (proceed = resolve));
      await call.send(Buffer.concat([answers.chunk(events.ending), answers.lastChunk]));
    });
    const sluice = await world.sluice({ account: [account(slow)], relay: { keepalive_ms: 0 } });
    const kept = await sluice.connect();
    await kept.send(requestBytes({ method: "GET", path: "/health" })).answer().end;
    const client = await sluice.connect();
    const answer = client.answer();
    client.send(requestBytes(messagesRequest(messageRequest())));
    await answer.body(/content_block_delta/);

    sluice.process.signal("SIGTERM");
    await eventually(async () => (await sluice.get("/ready")).status === 503, "not ready any more", 1000);
    const refused = await sluice.messages(messageRequest());
    assert.equal(refused.status, 503);
    assert.equal(refused.head.get("x-sluice-error"), "overloaded");
    assert.equal((await sluice.get("/health")).status, 200, "it lives");
    assert.equal(sluice.process.code, undefined);

    proceed();
    await answer.end;
    assert.ok(answer.reader.complete);
    assert.equal(answer.text, events.preamble + events.content + events.ending);
    assert.equal(await sluice.process.exited(), 0);
    client.close();
    kept.close();
  });

  test("ends at once when nothing runs, though clients keep their connections", async () => {
    const sluice = await world.sluice({ account: [account(provider)] });
    const client = await sluice.connect();
    await client.send(requestBytes({ method: "GET", path: "/health" })).answer().end;
    const began = performance.now();
    assert.equal(await sluice.process.stop(), 0);
    assert.ok(performance.now() - began < 2000 * patience);
    client.close();
  });

  test("cuts what still runs after drain_seconds", async () => {
    const endless = await world.provider((call) =>
      call.sendPieces([answers.streamHead(), answers.chunk(events.preamble + events.content)]),
    );
    const sluice = await world.sluice({
      account: [account(endless)],
      server: { drain_seconds: 1 },
      relay: { keepalive_ms: 0 },
    });
    const client = await sluice.connect();
    const answer = client.answer();
    client.send(requestBytes(messagesRequest(messageRequest())));
    await answer.body(/content_block_delta/);
    assert.equal(await sluice.process.stop(5000), 0);
    assert.equal((await answer.end).complete, false);
    assert.ok(!answer.text.includes("message_stop"));
    client.close();
  });

  test("SIGINT does the same", async () => {
    const sluice = await world.sluice({ account: [account(provider)] });
    sluice.process.signal("SIGINT");
    assert.equal(await sluice.process.exited(), 0);
  });
});

describe("SIGHUP", () => {
  const second = { name: "second", secret: `sk-slc-${"2".repeat(43)}` };
  const status = async (sluice, key) =>
    (await sluice.messages(messageRequest(), { headers: { "x-api-key": key.secret } })).status;

  test("brings a new key in and puts an old one out, while streams go on", async () => {
    const first = { ...defaultKey };
    let proceed;
    const slow = await world.provider(async (call) => {
      if (call.json.model !== "slow") return call.send(answers.stream(stream()));
      await call.sendPieces([answers.streamHead(), answers.chunk(events.preamble + events.content)]);
      await new Promise((resolve) => (proceed = resolve));
      return call.send(Buffer.concat([answers.chunk(events.ending), answers.lastChunk]));
    });
    const sluice = await world.sluice({ account: [account(slow)], key: [first] });
    assert.equal(await status(sluice, first), 200);
    assert.equal(await status(sluice, second), 401);
    const client = await sluice.connect();
    const answer = client.answer();
    client.send(requestBytes(messagesRequest(messageRequest({ model: "slow" }))));
    await answer.body(/content_block_delta/);

    sluice.configure({ account: [account(slow)], key: [second] });
    sluice.process.signal("SIGHUP");
    await eventually(async () => (await status(sluice, second)) === 200, "the new key works", 2000);
    assert.equal(await status(sluice, first), 401);

    proceed();
    await answer.end;
    assert.ok(answer.reader.complete, "the stream of the old key ran to its end");
    client.close();
  });

  test("brings a new account in", async () => {
    const [a, b] = [
      await world.provider((call) => call.send(answers.stream(stream()))),
      await world.provider((call) => call.send(answers.stream(stream()))),
    ];
    const sluice = await world.sluice({ account: [account(a)] });
    await sluice.messages(messageRequest());
    sluice.configure({ account: [account(b, "other")] });
    sluice.process.signal("SIGHUP");
    await eventually(
      async () => {
        await sluice.messages(messageRequest());
        return b.calls.length > 0;
      },
      "the new account is used",
      2000,
    );
  });

  test("keeps what it has when the file is bad, and says so", async () => {
    const sluice = await world.sluice({ account: [account(provider)] });
    const from = sluice.log.length;
    sluice.writeConfig("[server]\nlisten = 7\nlisen = 8\n");
    sluice.process.signal("SIGHUP");
    await sluice.process.printed(/sluice\.toml:3/, { from });
    assert.equal(await status(sluice, defaultKey), 200);
    assert.equal((await sluice.get("/ready")).status, 200);
  });
});
