/// The SDK of the API, before a relay whose first account fails: no error is seen, nor a retry of the SDK's own needed.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import Current from "@anthropic-ai/sdk";
import Earlier from "anthropic-sdk-0";

import { account, clientSecret } from "../lib/sluice.js";
import { World } from "../lib/world.js";

const world = new World();
const ways = [
  "status=401",
  "status=403",
  "status=429,retry_after=60",
  "status=500",
  "status=529",
  "error_event=overloaded_error",
  "error_event=api_error@1",
  "garbage=head",
  "reset_at=0",
  "close_at=1200",
];
let simulator, sluice;

before(async () => {
  simulator = await world.simulator();
  const failing = ways.map((way, i) =>
    account({ url: `${simulator.url}/x-sim/${way}` }, `failing-${i}`, { models: [`claude-${i}`], priority: 1 }),
  );
  sluice = await world.sluice({
    account: [
      ...failing,
      account({ url: "http://127.0.0.1:1" }, "refusing", { models: ["claude-refused"], priority: 1 }),
      account(simulator, "good", { priority: 2 }),
    ],
    relay: { keepalive_ms: 0 },
  });
});

for (const [version, Anthropic] of Object.entries({ 1: Current, 0: Earlier })) {
  describe(`@anthropic-ai/sdk ${version}.x sees nothing of an account`, { concurrency: 4 }, () => {
    for (const [way, model] of [...ways.map((way, i) => [way, `claude-${i}`]), ["no connection", "claude-refused"]]) {
      test(`with ${way}`, async () => {
        const client = new Anthropic({
          apiKey: clientSecret,
          authToken: null,
          baseURL: sluice.url,
          maxRetries: 0,
          timeout: 20000,
        });
        const question = { model, max_tokens: 100, messages: [{ role: "user", content: `How is ${way}?` }] };
        const whole = await client.messages.create(question);
        const stream = client.messages.stream(question);
        let text = "";
        stream.on("text", (piece) => (text += piece));
        const streamed = await stream.finalMessage();
        assert.deepEqual(streamed.content, whole.content);
        assert.equal(text, whole.content.map((block) => block.text ?? "").join(""));
        assert.equal(streamed.stop_reason, "end_turn");
      });
    }
  });
}
