/// A client that leaves is noticed at once, whatever the relay waits for, and the provider stops generating.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { delta, messageRequest, streamEvents } from "../lib/anthropic.js";
import { DeafListener } from "../lib/deaf_listener.js";
import { requestBytes } from "../lib/raw_client.js";
import { answers } from "../lib/scripted_provider.js";
import { account, messagesRequest } from "../lib/sluice.js";
import { eventually } from "../lib/waiting.js";
import { World } from "../lib/world.js";

const world = new World();
const events = streamEvents();
let provider, deaf, sluice, draining;

before(async () => {
  provider = await world.provider();
  deaf = await DeafListener.start();
  world.others.push(deaf);
  const config = {
    account: [account(provider), account(deaf, "deaf", { models: ["deaf"], priority: 1 })],
    relay: { keepalive_ms: 0 },
  };
  sluice = await world.sluice(config);
  draining = await world.sluice({
    ...config,
    relay: { ...config.relay, on_client_gone: "drain", drain_limit_seconds: 2 },
  });
});

async function ask(server, request = {}) {
  const client = await server.connect();
  const answer = client.answer();
  client.send(requestBytes(messagesRequest(messageRequest(request))));
  return { client, answer };
}

const inFlight = async (server) => (await server.metrics()).sum("sluice_account_in_flight");

const leavings = {
  "closes its connection": (client) => client.close(),
  "resets its connection": (client) => client.reset(),
  "sends its FIN": (client) => client.halfClose(),
};

for (const [how, leave] of Object.entries(leavings)) {
  describe(`a client that ${how}`, () => {
    test("while the relay connects", async () => {
      const before = await sluice.openFiles();
      const { client } = await ask(sluice, { model: "deaf" });
      await eventually(async () => (await inFlight(sluice)) === 1, "the request is under way");
      leave(client);
      await eventually(async () => (await inFlight(sluice)) === 0, "the request is over", 1000);
      client.close();
      await eventually(async () => (await sluice.openFiles()) <= before, "both sockets are closed", 1000);
    });

    for (const stream of [true, false]) {
      test(`while the relay waits for the head of ${stream ? "a stream" : "an answer"}`, async () => {
        provider.script = null;
        const { client } = await ask(sluice, { stream });
        const call = await provider.next();
        leave(client);
        await call.goneWithin(1000);
        client.close();
      });
    }

    test("in the preamble, of which it has seen nothing", async () => {
      provider.script = (call) => call.sendPieces([answers.streamHead(), answers.chunk(events.preamble)]);
      const { client } = await ask(sluice);
      const call = await provider.next();
      leave(client);
      await call.goneWithin(1000);
      client.close();
    });

    test("within a stream that is silent", async () => {
      provider.script = (call) =>
        call.sendPieces([answers.streamHead(), answers.chunk(events.preamble + events.content)]);
      const { client, answer } = await ask(sluice);
      const call = await provider.next();
      await answer.body(/content_block_delta/);
      leave(client);
      await call.goneWithin(1000);
      client.close();
    });

    test("within a stream that flows", async () => {
      let flowing = true;
      provider.script = async (call) => {
        await call.sendPieces([answers.streamHead(), answers.chunk(events.preamble + events.content)]);
        while (flowing && (await call.send(answers.chunk(delta("more"))))) await new Promise(setImmediate);
      };
      const { client, answer } = await ask(sluice);
      const call = await provider.next();
      await answer.body(/more/);
      leave(client);
      await call.goneWithin(1000);
      flowing = false;
      client.close();
    });

    test("within a whole answer", async () => {
      provider.script = (call) =>
        call.send(
          Buffer.concat([
            answers.head(200, { "content-type": "application/json", "content-length": 1000 }),
            Buffer.from("{"),
          ]),
        );
      const { client } = await ask(sluice, { stream: false });
      const call = await provider.next();
      leave(client);
      await call.goneWithin(1000);
      client.close();
    });
  });
}

for (const how of ["closes its connection", "resets its connection"]) {
  test(`a client that takes nothing and then ${how}`, async () => {
    let blocked = false;
    provider.script = async (call) => {
      await call.sendPieces([answers.streamHead(), answers.chunk(events.preamble + events.content)]);
      const piece = answers.chunk(delta("x".repeat(100_000)));
      for (let sent = 0; sent < 2000; sent += 1) {
        const result = await Promise.race([
          call.send(piece),
          new Promise((resolve) => setTimeout(resolve, 300, "blocked")),
        ]);
        if (result === "blocked") blocked = true;
        if (result !== true) return;
      }
    };
    const { client, answer } = await ask(sluice);
    const call = await provider.next();
    await answer.head;
    client.pause();
    await eventually(() => blocked, "the provider can't send any more");
    leavings[how](client);
    await call.goneWithin(1000);
  });
}

test("slots and descriptors are all back", async () => {
  await eventually(async () => (await inFlight(sluice)) === 0, "nothing is in flight");
});

test("the server counts a client that left as such", async () => {
  assert.ok((await sluice.metrics()).sum("sluice_requests_total", { outcome: "client_closed" }) >= 10);
});

describe("on_client_gone = drain", () => {
  test("reads on to the end, and counts the whole usage", async () => {
    const model = "claude-drained";
    let proceed;
    const { preamble, content, ending } = streamEvents({ model, input: 21, output: 43 });
    provider.script = async (call) => {
      await call.sendPieces([answers.streamHead(), answers.chunk(preamble + content)]);
      await new Promise((resolve) => (proceed = resolve));
      await call.send(Buffer.concat([answers.chunk(ending), answers.lastChunk]));
    };
    const { client, answer } = await ask(draining, { model });
    const call = await provider.next();
    await answer.body(/content_block_delta/);
    client.close();
    await eventually(
      async () => (await draining.metrics()).sum("sluice_streams_active") <= 1,
      "the departure is noticed",
    );
    assert.equal(call.connection.isOver, false, "the provider goes on");
    proceed();
    await eventually(
      async () => (await draining.metrics()).sum("sluice_tokens_total", { kind: "output", model }) === 43,
      "the usage is counted",
    );
    await eventually(async () => (await inFlight(draining)) === 0, "the slot is back");
  });

  test("but no longer than drain_limit_seconds", async () => {
    provider.script = (call) =>
      call.sendPieces([answers.streamHead(), answers.chunk(events.preamble + events.content)]);
    const { client, answer } = await ask(draining);
    const call = await provider.next();
    await answer.body(/content_block_delta/);
    client.close();
    await call.goneWithin(4000);
  });
});
