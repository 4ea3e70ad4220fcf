/// Connections that were kept and that the other side has closed meanwhile, or closes while the next request is on its way, are no
/// matter of the client's.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import { messageRequest, stream } from "../lib/anthropic.js";
import { makeCertificates } from "../lib/certificates.js";
import { answers } from "../lib/scripted_provider.js";
import { account } from "../lib/sluice.js";
import { World } from "../lib/world.js";
import { ScriptedProxy } from "./scripted_proxy.js";

const world = new World();
const made = makeCertificates();
after(() => made.remove());
const identity = { cert: made.read("server.pem"), key: made.read("server.key") };
const ways = ["direct", "http", "https", "socks5h"];
const kinds = ["plain", "tls"];
const large = "x".repeat(2 << 20);
const proxies = {};
const providers = {};
let simulator, sluice;

before(async () => {
  proxies.http = await ScriptedProxy.start();
  proxies.https = await ScriptedProxy.start({ secure: identity });
  proxies.socks5h = await ScriptedProxy.start({ kind: "socks" });
  world.others.push(...Object.values(proxies));
  providers.plain = await world.provider();
  providers.tls = await world.provider(undefined, { secure: identity });
  simulator = await world.simulator(["--x-sim", "close_after, events=3"]);
  const at = (way, provider, kind) =>
    account(provider, `${way}-${kind}`, {
      models: [`${way}-${kind}`],
      ca_file: made.file("ca.pem"),
      ...(way === "direct" ? {} : { proxy: proxies[way].url() }),
    });
  sluice = await world.sluice({
    relay: { max_attempts: 1 },
    account: ways.flatMap((way) => [
      ...kinds.map((kind) => at(way, providers[kind], kind)),
      at(way, simulator, "simulated"),
    ]),
  });
});

/// Answers the first request of each connection, and does `then` with a later one.
function onceEach(then) {
  const answered = new WeakSet();
  return (call) => {
    if (answered.has(call.connection)) return then(call);
    answered.add(call.connection);
    return call.send(answers.stream(stream()));
  };
}

const closings = {
  "FIN after the answer": async (call) => {
    await call.send(answers.stream(stream()));
    call.end();
  },
  "RST after the answer": async (call) => {
    await call.send(answers.stream(stream()));
    await turn();
    call.reset();
  },
  "FIN in place of the second answer": onceEach((call) => call.end()),
  "RST in place of the second answer": onceEach((call) => call.reset()),
};

for (const way of ways) {
  for (const kind of kinds) {
    describe(`${way}, ${kind}`, () => {
      for (const [name, script] of Object.entries(closings)) {
        test(name, async () => {
          providers[kind].script = script;
          for (let i = 0; i < 12; i += 1) {
            const text = i % 4 === 3 ? large : "hi";
            const answer = await sluice.messages(messageRequest({ model: `${way}-${kind}`, text }));
            assert.equal(answer.status, 200, `request ${i}: ${answer.text}`);
            assert.equal(answer.text, stream());
          }
        });
      }

      if (way === "direct") return;
      test("the proxy goes away between requests", async () => {
        providers[kind].script = (call) => call.send(answers.stream(stream()));
        for (let i = 0; i < 10; i += 1) {
          const answer = await sluice.messages(messageRequest({ model: `${way}-${kind}` }));
          assert.equal(answer.status, 200, `request ${i}: ${answer.text}`);
          proxies[way].cut();
          if (i % 2) await turn();
        }
      });
    });
  }

  test(`${way}: a provider that promises to keep connections and doesn't, with many at once`, async () => {
    const one = async () => {
      for (let i = 0; i < 40; i += 1) {
        const answer = await sluice.messages(messageRequest({ model: `${way}-simulated`, stream: i % 2 === 0 }));
        assert.equal(answer.status, 200, answer.text);
      }
    };
    await Promise.all(Array.from({ length: 8 }, one));
  });
}
